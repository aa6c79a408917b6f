// How the service reaches people's accounts: through the role of each.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "aws/credential_chain.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "service/access_request.h"
#include "service/config.h"

namespace passport::service {

/// Systems Manager of one account and region, with credentials of its role.
class AccountSsm {
 public:
  AccountSsm(const aws::World& world, const aws::Settings& settings,
             aws::CredentialSource credentials)
      : client_(world, settings, std::move(credentials)), ssm_(client_) {}
  AccountSsm(const AccountSsm&) = delete;
  AccountSsm& operator=(const AccountSsm&) = delete;

  aws::Ssm& ssm() { return ssm_; }

 private:
  aws::ServiceClient client_;
  aws::Ssm ssm_;
};

/// Assumes the roles with the service's own credentials, which it finds as the AWS CLI does.
class AccountAccess {
 public:
  /// Errors: kConfig: settings of AWS's that cannot be used.
  static Result<std::unique_ptr<AccountAccess>> open(
      const net::asio::any_io_executor& executor);

  /// With all that the account's role may do: for provisioning. Lives as long as this.
  aws::Ssm& provisioning(const Account& account, const std::string& region);

  /// With no more than starting sessions on this instance of the request, and resuming and
  /// terminating the request's own; its source identity is the request's owner. Errors:
  /// kConfig; those of the session policy.
  Result<std::unique_ptr<AccountSsm>> narrowed(const Account& account,
                                               const AccessRequest& request,
                                               const std::string& instance,
                                               const std::string& document);

 private:
  AccountAccess(const aws::World& world, const aws::Settings& settings);
  aws::Settings settings_for(const std::string& region) const;
  aws::CredentialSource assume(aws::AssumeRoleRequest request);

  aws::World world_;
  aws::Settings settings_;
  aws::CredentialChain chain_;
  aws::ServiceClient sts_client_;
  aws::Sts sts_;
  std::map<std::string, std::unique_ptr<AccountSsm>> provisioning_;  ///< by account and region
};

}  // namespace passport::service
