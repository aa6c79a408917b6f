#include "aws/credential_search.h"

#include <algorithm>
#include <charconv>

#include "aws/credential_process.h"
#include "aws/metadata_service.h"
#include "aws/private_file.h"
#include "aws/service_client.h"
#include "aws/sso.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/aws/role_cache.h"
#include "wire/aws/time.h"

namespace passport::aws {
namespace {

constexpr std::size_t kMaxWebToken = 64 << 10;
constexpr std::size_t kMaxCachedRole = 64 << 10;
/// botocore's: with less time than this a cached key is not used.
constexpr std::chrono::minutes kCachedRoleMargin{15};

Error unusable(std::string detail, std::string hint = {}) {
  return {Errc::kConfig, std::move(detail), std::move(hint)};
}

Found as_found(Credentials credentials) {
  return std::optional(std::move(credentials));
}
Found nothing() {
  return std::optional<Credentials>();
}

std::string shown(std::string_view profile) {
  return "profile \"" + escape_for_terminal(profile, 100) + "\"";
}

std::string export_hint(std::string_view profile) {
  return "put its credentials into the environment: eval \"$(aws configure export-credentials "
         "--profile " +
         escape_for_terminal(profile, 100) + " --format env)\"";
}

/// Seconds as AssumeRole takes them; 0 when not given.
Result<std::chrono::seconds> read_duration(const std::string& text,
                                           const std::string& profile) {
  if (text.empty()) return std::chrono::seconds(0);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 900 || value > 43200)
    return unusable(shown(profile) + ": duration_seconds \"" + escape_for_terminal(text, 20) +
                    "\" is not from 900 to 43200");
  return std::chrono::seconds(value);
}

Error in_profile(Error error, const std::string& profile, std::string_view setting) {
  error.detail = std::string(setting) + " of " + shown(profile) + ": " + error.detail;
  return error;
}

/// The AWS CLI's cache, for one role.
class RoleCache {
 public:
  RoleCache(const World& world, const AssumeRoleRequest& request) : world_(world) {
    const auto home = find_variable(world.environment, "HOME");
    if (!home.empty()) path_ = home + "/.aws/cli/cache/" + wire::aws::role_cache_file(request);
  }

  /// A key that holds for a while yet.
  std::optional<wire::aws::IssuedKey> find() const {
    if (path_.empty()) return {};
    const auto text = load_file(path_, kMaxCachedRole);
    if (!text) return {};
    auto key = wire::aws::parse_cached_role(*text);
    if (!key || *key->expires - world_.now() < kCachedRoleMargin) return {};
    return std::move(*key);
  }

  /// What cannot be kept is asked for again.
  void keep(const wire::aws::IssuedKey& key) const {
    if (path_.empty()) return;
    const auto saved = save_private_file(path_, wire::aws::serialize_cached_role(key));
    if (!saved) log(LogLevel::kInfo, "{}", saved.error().detail);
  }

 private:
  const World& world_;
  std::string path_;
};

}  // namespace

Found find_in_environment(const Environment& environment) {
  Credentials out;
  out.key.id = find_variable(environment, "AWS_ACCESS_KEY_ID");
  if (out.key.id.empty()) return nothing();
  out.key.secret = Secret(find_variable(environment, "AWS_SECRET_ACCESS_KEY"));
  out.key.session_token =
      Secret(find_variable(environment, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"));
  if (out.key.secret.empty())
    return unusable("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
  const auto expiration = find_variable(environment, "AWS_CREDENTIAL_EXPIRATION");
  if (!expiration.empty()) {
    out.expires = wire::aws::decode_iso8601(expiration);
    if (!out.expires) return unusable("AWS_CREDENTIAL_EXPIRATION is not a time");
  }
  out.source = "the environment";
  return as_found(std::move(out));
}

Found find_in_section(const wire::aws::SharedConfig& file, const std::string& profile) {
  const auto at = file.profiles.find(profile);
  if (at == file.profiles.end()) return nothing();
  const auto& section = at->second;
  Credentials out;
  out.key.id = section.find("aws_access_key_id");
  if (out.key.id.empty()) return nothing();
  out.key.secret = Secret(std::string(section.find("aws_secret_access_key")));
  out.key.session_token = Secret(std::string(section.find("aws_session_token")));
  if (out.key.secret.empty())
    return unusable(shown(profile) + " has aws_access_key_id, but not aws_secret_access_key");
  out.source = shown(profile);
  return as_found(std::move(out));
}

net::Task<Result<Credentials>> CredentialSearch::run(net::Deadline deadline) {
  if (!settings_.profile_chosen) {
    auto found = find_in_environment(world_.environment);
    if (!found) co_return found.error();
    if (*found) co_return std::move(**found);
    looked_.push_back("environment");
  }
  auto found = co_await find_in_profile(settings_.profile, deadline);
  if (!found) co_return found.error();
  if (*found) co_return std::move(**found);
  looked_.push_back(shown(settings_.profile) + " in " + files_.names());

  found = co_await find_in_container(deadline);
  if (!found) co_return found.error();
  if (*found) co_return std::move(**found);

  found = co_await find_on_instance(deadline);
  if (!found) co_return found.error();
  if (*found) co_return std::move(**found);

  std::string places;
  for (const auto& place : looked_) places += (places.empty() ? "" : "; ") + place;
  co_return Error{Errc::kDenied, "no AWS credentials found (looked at: " + places + ")",
                  "name a profile that has some with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and "
                  "AWS_SECRET_ACCESS_KEY"};
}

net::Task<Found> CredentialSearch::find_in_profile(std::string profile,
                                                   net::Deadline deadline) {
  auto found = co_await find_by_role(profile, deadline);
  if (!found || *found) co_return found;
  found = co_await find_by_web_identity(profile, deadline);
  if (!found || *found) co_return found;
  found = co_await find_sso_credentials(world_, settings_, files_, profile, deadline);
  if (!found || *found) co_return found;
  found = find_in_section(files_.credentials, profile);
  if (!found || *found) co_return found;
  found = co_await find_by_process(profile, deadline);
  if (!found || *found) co_return found;
  found = find_in_section(files_.config, profile);
  if (!found || *found) co_return found;
  co_return nothing();
}

net::Task<Found> CredentialSearch::find_by_role(std::string profile, net::Deadline deadline) {
  if (files_.find(profile, "role_arn").empty()) co_return nothing();
  if (!files_.find(profile, "web_identity_token_file").empty()) co_return nothing();
  if (std::find(roles_.begin(), roles_.end(), profile) != roles_.end()) {
    std::string names;
    for (const auto& name : roles_) names += shown(name) + " -> ";
    co_return unusable("source_profile goes in a circle: " + names + shown(profile));
  }
  roles_.push_back(profile);
  auto assumed = co_await assume_role(profile, deadline);
  roles_.pop_back();
  if (!assumed) co_return assumed.error();
  co_return as_found(std::move(*assumed));
}

net::Task<Result<Credentials>> CredentialSearch::find_role_source(std::string profile,
                                                                  net::Deadline deadline) {
  const auto source_profile = files_.find(profile, "source_profile");
  const auto named_source = files_.find(profile, "credential_source");
  if (source_profile.empty() == named_source.empty())
    co_return unusable(shown(profile) + " has role_arn, but " +
                       (named_source.empty() ? "neither source_profile nor credential_source"
                                             : "both source_profile and credential_source"));
  if (!named_source.empty()) {
    auto found = co_await find_named_source(profile, named_source, deadline);
    co_return found;
  }
  if (!files_.has_profile(source_profile))
    co_return unusable(shown(profile) + ": its source_profile \"" +
                       escape_for_terminal(source_profile, 100) + "\" does not exist");
  Found found = nothing();
  if (source_profile == profile) {  // its own keys
    found = find_in_section(files_.credentials, profile);
    if (found && !*found) found = find_in_section(files_.config, profile);
  } else {
    found = co_await find_in_profile(source_profile, deadline);
  }
  if (!found) co_return found.error();
  if (*found) co_return std::move(**found);
  co_return unusable(shown(profile) + ": its source_profile \"" +
                     escape_for_terminal(source_profile, 100) + "\" has no credentials");
}

net::Task<Result<Credentials>> CredentialSearch::find_named_source(std::string profile,
                                                                   std::string source,
                                                                   net::Deadline deadline) {
  Found found = nothing();
  if (source == "Environment") {
    found = find_in_environment(world_.environment);
  } else if (source == "EcsContainer") {
    found = co_await find_in_container(deadline);
  } else if (source == "Ec2InstanceMetadata") {
    found = co_await find_on_instance(deadline);
  } else {
    co_return unusable(shown(profile) + ": credential_source \"" +
                       escape_for_terminal(source, 100) +
                       "\" is not Environment, EcsContainer or Ec2InstanceMetadata");
  }
  if (!found) co_return found.error();
  if (*found) co_return std::move(**found);
  co_return unusable(shown(profile) + ": its credential_source " + source +
                     " has no credentials");
}

std::string CredentialSearch::session_name(const std::string& given) const {
  if (!given.empty()) return given;
  return "passport-" + std::to_string(world_.now().time_since_epoch().count());
}

net::Task<Result<Secret>> CredentialSearch::ask_code(std::string profile, std::string serial,
                                                     net::Deadline deadline) {
  if (!world_.ask)
    co_return Error{Errc::kExpired, shown(profile) + " wants an MFA code again",
                    "start anew, where a code can be given"};
  auto code = co_await world_.ask(
      "Enter MFA code for " + escape_for_terminal(serial, 256) + ": ", deadline);
  if (code) co_return std::move(*code);
  auto error = code.error();
  const bool nobody = error.code == Errc::kUnavailable;
  co_return Error{nobody ? Errc::kDenied : error.code,
                  shown(profile) + " wants an MFA code: " + error.detail,
                  nobody ? export_hint(profile) : ""};
}

net::Task<Result<Credentials>> CredentialSearch::assume_role(std::string profile,
                                                             net::Deadline deadline) {
  const auto duration = read_duration(files_.find(profile, "duration_seconds"), profile);
  if (!duration) co_return duration.error();
  AssumeRoleRequest request;
  request.role_arn = files_.find(profile, "role_arn");
  request.role_session_name = files_.find(profile, "role_session_name");
  request.external_id = files_.find(profile, "external_id");
  request.serial_number = files_.find(profile, "mfa_serial");
  request.duration = *duration;
  const auto source = shown(profile) + " (its role)";

  const RoleCache cache(world_, request);
  if (renew_ == Renew::kNo) {
    if (auto key = cache.find())
      co_return Credentials{std::move(key->key), key->expires, source};
  }
  const auto with = co_await find_role_source(profile, deadline);
  if (!with) co_return with.error();
  request.role_session_name = session_name(request.role_session_name);
  if (!request.serial_number.empty()) {
    auto code = co_await ask_code(profile, request.serial_number, deadline);
    if (!code) co_return code.error();
    request.token_code = std::move(*code);
  }
  ServiceClient client(
      world_, settings_,
      [&with](Renew, net::Deadline) -> net::Task<Result<Credentials>> { co_return *with; });
  Sts sts(client);
  auto key = co_await sts.assume_role(std::move(request), deadline);
  if (!key) co_return in_profile(key.error(), profile, "role_arn");
  cache.keep(*key);
  co_return Credentials{std::move(key->key), key->expires, source};
}

net::Task<Found> CredentialSearch::find_by_web_identity(std::string profile,
                                                        net::Deadline deadline) {
  // The environment's variables are for the profile in use, not for those it draws on.
  const bool from_environment = !settings_.profile_chosen && roles_.empty();
  const auto find = [&](std::string_view variable, std::string_view setting) {
    auto value = from_environment ? find_variable(world_.environment, variable) : std::string();
    return value.empty() ? files_.find(profile, setting) : value;
  };
  const auto token_file = find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (token_file.empty()) co_return nothing();
  AssumeRoleWithWebIdentityRequest request;
  request.role_arn = find("AWS_ROLE_ARN", "role_arn");
  request.role_session_name = session_name(find("AWS_ROLE_SESSION_NAME", "role_session_name"));
  if (request.role_arn.empty())
    co_return unusable("a web identity token file is named, but no role: set AWS_ROLE_ARN");
  auto token = load_file(token_file, kMaxWebToken);
  if (!token) co_return unusable("web identity token: " + token.error().detail);
  while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
  request.web_identity_token = Secret(std::move(*token));

  ServiceClient client(world_, settings_, {});
  Sts sts(client);
  auto key = co_await sts.assume_role_with_web_identity(std::move(request), deadline);
  if (!key) {
    auto error = key.error();
    error.detail = "web identity: " + error.detail;
    co_return error;
  }
  co_return as_found({std::move(key->key), key->expires, "the web identity token"});
}

net::Task<Found> CredentialSearch::find_by_process(std::string profile,
                                                   net::Deadline deadline) {
  const auto command = files_.find(profile, "credential_process");
  if (command.empty()) co_return nothing();
  auto key = co_await run_credential_process(command, deadline);
  if (!key) co_return in_profile(key.error(), profile, "credential_process");
  co_return as_found(
      {std::move(key->key), key->expires, "credential_process of " + shown(profile)});
}

net::Task<Found> CredentialSearch::find_in_container(net::Deadline deadline) {
  auto found = co_await find_container_credentials(world_, deadline);
  if (found && !*found) looked_.push_back("container (not configured)");
  co_return found;
}

net::Task<Found> CredentialSearch::find_on_instance(net::Deadline deadline) {
  std::string why_not;
  auto endpoint = files_.find(settings_.profile, "ec2_metadata_service_endpoint");
  auto found =
      co_await find_instance_credentials(world_, std::move(endpoint), why_not, deadline);
  if (found && !*found) looked_.push_back("instance metadata (" + why_not + ")");
  co_return found;
}

}  // namespace passport::aws
