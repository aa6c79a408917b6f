#include "service/account_access.h"

#include "service/session_policy.h"

namespace passport::service {
namespace {

constexpr std::chrono::minutes kRenewBefore{5};

/// Credentials of one AssumeRole, kept until they have to be renewed.
class Assumed {
 public:
  Assumed(aws::Sts& sts, aws::World world, aws::AssumeRoleRequest request)
      : sts_(sts), world_(std::move(world)), request_(std::move(request)) {}

  net::Task<Result<aws::Credentials>> load(aws::Renew renew, net::Deadline deadline) {
    const bool good =
        kept_ && (!kept_->expires || *kept_->expires - kRenewBefore > world_.now());
    if (good && renew == aws::Renew::kNo) co_return *kept_;
    const auto key = co_await sts_.assume_role(request_, deadline);
    if (!key) co_return key.error();
    kept_ = aws::Credentials{key->key, key->expires, "role " + request_.role_arn};
    co_return *kept_;
  }

 private:
  aws::Sts& sts_;
  aws::World world_;
  aws::AssumeRoleRequest request_;
  std::optional<aws::Credentials> kept_;
};

}  // namespace

AccountAccess::AccountAccess(const aws::World& world, const aws::Settings& settings)
    : world_(world),
      settings_(settings),
      chain_(world, settings),
      sts_client_(world, settings, chain_.source()),
      sts_(sts_client_) {}

Result<std::unique_ptr<AccountAccess>> AccountAccess::open(
    const net::asio::any_io_executor& executor) {
  const auto settings = aws::load_settings(aws::process_environment(), {});
  if (!settings) return settings.error();
  const auto tls = net::TlsContext::client(settings->ca_bundle);
  if (!tls) return tls.error();
  auto world = aws::make_world(executor, net::Outbound(*tls, settings->proxies));
  world.ask = nullptr;  // nobody is there
  return std::unique_ptr<AccountAccess>(new AccountAccess(world, *settings));
}

aws::Settings AccountAccess::settings_for(const std::string& region) const {
  auto out = settings_;
  out.region = region;
  return out;
}

aws::CredentialSource AccountAccess::assume(aws::AssumeRoleRequest request) {
  const auto assumed = std::make_shared<Assumed>(sts_, world_, std::move(request));
  return [assumed](aws::Renew renew, net::Deadline deadline) {
    return assumed->load(renew, deadline);
  };
}

AccountCalls& AccountAccess::calls(const Account& account, const std::string& region) {
  auto& found = calls_[account.id + " " + region];
  if (!found) {
    aws::AssumeRoleRequest request;
    request.role_arn = account.role_arn;
    request.role_session_name = "passportd";
    request.external_id = account.external_id;
    found = std::make_unique<AccountCalls>(world_, settings_for(region),
                                           assume(std::move(request)));
  }
  return *found;
}

Result<std::unique_ptr<AccountCalls>> AccountAccess::narrowed(const Account& account,
                                                              const AccessRequest& request,
                                                              const std::string& instance,
                                                              const std::string& document) {
  auto role = make_narrowed_role(account, request, instance, document);
  if (!role) return role.error();
  return std::make_unique<AccountCalls>(world_, settings_for(request.region),
                                        assume(std::move(*role)));
}

}  // namespace passport::service
