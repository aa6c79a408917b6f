// One look for credentials through all sources.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/answer.h"
#include "aws/credentials.h"
#include "aws/settings.h"
#include "aws/shared_files.h"
#include "aws/sts.h"
#include "aws/world.h"

namespace passport::aws {

/// Credentials, or nothing where a source is not configured or not there.
using Found = Result<std::optional<Credentials>>;

/// Names and order of the sources: see CredentialChain. Used once.
class CredentialSearch {
 public:
  /// All must outlive the search.
  CredentialSearch(const World& world, const Settings& settings, const SharedFiles& files,
                   Renew renew)
      : world_(world), settings_(settings), files_(files), renew_(renew) {}

  /// Errors: those of the sources; kDenied when none has any.
  net::Task<Result<Credentials>> run(net::Deadline deadline);

 private:
  net::Task<Found> find_in_profile(std::string profile, net::Deadline deadline);
  net::Task<Found> find_by_role(std::string profile, net::Deadline deadline);
  net::Task<Result<Credentials>> find_role_source(std::string profile, net::Deadline deadline);
  net::Task<Result<Credentials>> find_named_source(std::string profile, std::string source,
                                                   net::Deadline deadline);
  net::Task<Result<Credentials>> assume_role(std::string profile, net::Deadline deadline);
  net::Task<Result<Secret>> ask_code(std::string profile, std::string serial,
                                     net::Deadline deadline);
  net::Task<Found> find_by_web_identity(std::string profile, net::Deadline deadline);
  net::Task<Found> find_by_process(std::string profile, net::Deadline deadline);
  net::Task<Found> find_in_container(net::Deadline deadline);
  net::Task<Found> find_on_instance(net::Deadline deadline);

  std::string session_name(const std::string& given) const;

  const World& world_;
  const Settings& settings_;
  const SharedFiles& files_;
  Renew renew_;                      ///< kYes: nothing from the cache of roles
  std::vector<std::string> roles_;   ///< profiles whose role is being assumed, first to last
  std::vector<std::string> looked_;  ///< where there was nothing, for the message
};

/// Keys in the environment. Errors: kConfig when the id comes without a secret, or the expiry
/// is not a time.
Found find_in_environment(const Environment& environment);

/// Keys in a profile of one file. Errors: kConfig when the id comes without a secret.
Found find_in_section(const wire::aws::SharedConfig& file, const std::string& profile);

}  // namespace passport::aws
