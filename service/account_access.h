// How the service reaches people's accounts: through the role of each.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "aws/credential_chain.h"
#include "aws/ec2.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "service/access_request.h"
#include "service/config.h"

namespace passport::service {

/// What is called of one account and region, with credentials of its role.
class AccountCalls {
 public:
  AccountCalls(const aws::World& world, const aws::Settings& settings,
               aws::CredentialSource credentials)
      : client_(world, settings, std::move(credentials)), ssm_(client_), ec2_(client_) {}
  AccountCalls(const AccountCalls&) = delete;
  AccountCalls& operator=(const AccountCalls&) = delete;

  aws::Ssm& ssm() { return ssm_; }
  aws::Ec2& ec2() { return ec2_; }

 private:
  aws::ServiceClient client_;
  aws::Ssm ssm_;
  aws::Ec2 ec2_;
};

/// Assumes the roles with the service's own credentials, which it finds as the AWS CLI does.
class AccountAccess {
 public:
  /// Errors: kConfig: settings of AWS's that cannot be used.
  static Result<std::unique_ptr<AccountAccess>> open(
      const net::asio::any_io_executor& executor);

  /// With all that the account's role may do: for provisioning. Lives as long as this.
  aws::Ssm& provisioning(const Account& account, const std::string& region) {
    return calls(account, region).ssm();
  }
  aws::Ec2& ec2(const Account& account, const std::string& region) {
    return calls(account, region).ec2();
  }

  /// With no more than starting sessions on this instance of the request, and resuming and
  /// terminating the request's own; its source identity is the request's owner. Errors:
  /// kConfig; those of the session policy.
  Result<std::unique_ptr<AccountCalls>> narrowed(const Account& account,
                                                 const AccessRequest& request,
                                                 const std::string& instance,
                                                 const std::string& document);

 private:
  AccountAccess(const aws::World& world, const aws::Settings& settings);
  aws::Settings settings_for(const std::string& region) const;
  AccountCalls& calls(const Account& account, const std::string& region);
  aws::CredentialSource assume(aws::AssumeRoleRequest request);

  aws::World world_;
  aws::Settings settings_;
  aws::CredentialChain chain_;
  aws::ServiceClient sts_client_;
  aws::Sts sts_;
  std::map<std::string, std::unique_ptr<AccountCalls>> calls_;  ///< by account and region
};

}  // namespace passport::service
