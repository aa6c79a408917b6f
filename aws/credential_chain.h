// Which credentials hold: the order in which the AWS CLI looks for them.
#pragma once
#include <memory>
#include <optional>

#include "aws/credentials.h"
#include "aws/settings.h"
#include "aws/world.h"

namespace passport::aws {

/// Looks for credentials as the AWS CLI v2 does; the first that there are count:
///
///   1 environment        AWS_ACCESS_KEY_ID ...; not when the command line names a profile
///   2 role               the profile's role_arn with source_profile or credential_source
///   3 web identity       AWS_WEB_IDENTITY_TOKEN_FILE (as 1), or the profile's
///   4 SSO                the profile's sso_account_id and sso_role_name
///   5 keys               the profile's, in the credentials file
///   6 credential_process the profile's
///   7 keys               the profile's, in the config file
///   8 container          AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
///   9 instance           IMDSv2, unless AWS_EC2_METADATA_DISABLED
///
/// A role with mfa_serial has its code asked for on the terminal. Keys of roles are kept in the
/// AWS CLI's cache, and found there unless they are to be renewed. What is found is kept until
/// kRenewBefore its end, and until its end when nothing newer can be had; files are read anew
/// each time that something is looked for.
///
/// Errors: kDenied when there are none, naming where was looked; kExpired when those found are
/// past their time; kConfig when settings contradict; those of the sources. Each names its
/// source.
class CredentialChain {
 public:
  static constexpr std::chrono::minutes kRenewBefore{5};

  CredentialChain(World world, Settings settings);

  net::Task<Result<Credentials>> load(Renew renew, net::Deadline deadline);

  /// From now on the user is not asked for anything: the terminal is somebody else's.
  void stop_asking() { world_.ask = nullptr; }

  /// load(), for a ServiceClient. The chain must outlive it.
  CredentialSource source();

 private:
  World world_;
  Settings settings_;
  std::optional<Credentials> kept_;
};

}  // namespace passport::aws
