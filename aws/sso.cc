#include "aws/sso.h"

#include <array>

#include "aws/private_file.h"
#include "aws/service_client.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/sso_messages.h"

namespace passport::aws {
namespace {

using wire::aws::SsoToken;

constexpr std::size_t kMaxTokenFile = 256 << 10;

/// What a profile says about its login.
struct Login {
  std::string profile;
  std::string session;  ///< empty: the older form, whose token cannot be renewed
  std::string start_url;
  std::string region;
  std::string account;
  std::string role;
  std::string path;  ///< of the token

  std::string name() const { return "profile \"" + escape_for_terminal(profile, 100) + "\""; }
  std::string hint() const {
    return "log in: aws sso login --profile " + escape_for_terminal(profile, 100);
  }
};

Error unusable(const Login& login, std::string what) {
  return {Errc::kConfig, login.name() + ": " + std::move(what)};
}

Error over(const Login& login) {
  return {Errc::kExpired, "the SSO login of " + login.name() + " has expired", login.hint()};
}

/// The settings of the sso-session count; the profile may repeat them.
Result<void> read_session(const SharedFiles& files, Login& login) {
  const auto section = files.config.sso_sessions.find(login.session);
  if (section == files.config.sso_sessions.end())
    return unusable(login, "its sso_session \"" + escape_for_terminal(login.session, 100) +
                               "\" does not exist");
  const std::array<std::pair<std::string_view, std::string*>, 4> settings = {
      {{"sso_start_url", &login.start_url},
       {"sso_region", &login.region},
       {"sso_account_id", &login.account},
       {"sso_role_name", &login.role}}};
  for (const auto& [name, value] : settings) {
    const std::string theirs(section->second.find(name));
    if (theirs.empty()) continue;
    if (!value->empty() && *value != theirs)
      return unusable(login, std::string(name) + " is another than that of its sso_session");
    *value = theirs;
  }
  return {};
}

/// Nothing for a profile without SSO.
Result<std::optional<Login>> read_login(const World& world, const SharedFiles& files,
                                        const std::string& profile) {
  Login out;
  out.profile = profile;
  out.session = files.find(profile, "sso_session");
  out.start_url = files.find(profile, "sso_start_url");
  out.region = files.find(profile, "sso_region");
  out.account = files.find(profile, "sso_account_id");
  out.role = files.find(profile, "sso_role_name");
  if (out.account.empty() && out.role.empty()) return std::optional<Login>();
  if (!out.session.empty()) {
    if (const auto read = read_session(files, out); !read) return read.error();
  }
  const std::array<std::pair<std::string_view, const std::string*>, 4> needed = {
      {{"sso_start_url", &out.start_url},
       {"sso_region", &out.region},
       {"sso_account_id", &out.account},
       {"sso_role_name", &out.role}}};
  for (const auto& [name, value] : needed)
    if (value->empty()) return unusable(out, "it uses SSO, and has no " + std::string(name));
  if (!wire::aws::is_region(out.region))
    return unusable(out, "sso_region \"" + escape_for_terminal(out.region, 64) +
                             "\" is not a region's name");
  const auto& key = out.session.empty() ? out.start_url : out.session;
  out.path = find_variable(world.environment, "HOME") + "/.aws/sso/cache/" +
             wire::aws::sso_token_file(key);
  return std::optional(std::move(out));
}

Result<SsoToken> load_token(const Login& login) {
  const auto text = load_file(login.path, kMaxTokenFile);
  if (!text && text.error().code == Errc::kNotFound)
    return Error{Errc::kDenied, "there is no SSO login of " + login.name(), login.hint()};
  if (!text) return Error{Errc::kConfig, text.error().detail};
  auto token = wire::aws::parse_sso_token(*text);
  if (!token)
    return Error{Errc::kConfig, escape_for_terminal(login.path) + ": " + token.error().detail,
                 login.hint()};
  return token;
}

/// The token renewed; an error of the call when it cannot be.
net::Task<Answer<SsoToken>> renew(ServiceClient& client, const Login& login, SsoToken old,
                                  net::Deadline deadline) {
  ServiceCall call;
  call.service = "sso-oidc";
  call.action = "CreateToken";
  call.request = wire::aws::make_create_token(old);
  call.unsigned_call = true;
  const auto response = co_await client.call(std::move(call), deadline);
  if (!response) co_return response.failure<SsoToken>();
  auto token = wire::aws::parse_created_token(response->body, old, client.now());
  if (!token) co_return Error{token.error().code, "CreateToken: " + token.error().detail};
  token->start_url = login.start_url;
  token->region = login.region;
  // What cannot be kept serves this time: the next renewal needs the old one.
  const auto saved = save_private_file(login.path, wire::aws::serialize_sso_token(*token));
  if (!saved) log_line(saved.error().detail);
  co_return std::move(*token);
}

net::Task<Result<SsoToken>> find_token(ServiceClient& client, const Login& login,
                                       net::Deadline deadline) {
  auto token = load_token(login);
  if (!token) co_return token.error();
  const auto now = client.now();
  const bool near = token->expires - now < kSsoRenewBefore;
  if (near && !login.session.empty() && token->can_refresh(now)) {
    auto renewed = co_await renew(client, login, *token, deadline);
    if (renewed) co_return std::move(*renewed);
    log(LogLevel::kInfo, "the SSO token was not renewed: {}", renewed.error().detail);
    // Another program may have renewed it, and the old refresh token is good once.
    auto again = load_token(login);
    if (again) token = std::move(again);
    const bool answered = !renewed.service_code().empty();
    if (now >= token->expires && !answered) co_return renewed.error();
  }
  if (now >= token->expires) co_return over(login);
  co_return std::move(*token);
}

}  // namespace

net::Task<Found> find_sso_credentials(const World& world, const Settings& settings,
                                      const SharedFiles& files, std::string profile,
                                      net::Deadline deadline) {
  const auto login = read_login(world, files, profile);
  if (!login) co_return login.error();
  if (!*login) co_return std::optional<Credentials>();
  const auto& which = **login;
  auto there = settings;
  there.region = which.region;
  ServiceClient client(world, there, {});
  const auto token = co_await find_token(client, which, deadline);
  if (!token) co_return token.error();

  ServiceCall call;
  call.service = "sso";
  call.action = "GetRoleCredentials";
  call.target = which.role;
  call.request =
      wire::aws::make_get_role_credentials(which.account, which.role, token->access_token);
  call.unsigned_call = true;
  const auto response = co_await client.call(std::move(call), deadline);
  if (!response && response.service_code() == "UnauthorizedException") co_return over(which);
  if (!response) {
    auto error = response.error();
    error.detail = "SSO login of " + which.name() + ": " + error.detail;
    co_return error;
  }
  auto key = wire::aws::parse_role_credentials(response->body);
  if (!key) co_return Error{key.error().code, "GetRoleCredentials: " + key.error().detail};
  co_return std::optional(
      Credentials{std::move(key->key), key->expires, which.name() + " (its SSO login)"});
}

}  // namespace passport::aws
