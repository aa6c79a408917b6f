#include "aws/credential_chain.h"

#include "aws/credential_search.h"
#include "aws/shared_files.h"

namespace passport::aws {
namespace {

Error expired(const Credentials& credentials) {
  return {Errc::kExpired, "AWS credentials from " + credentials.source + " have expired",
          "renew them, then try again"};
}

}  // namespace

CredentialChain::CredentialChain(World world, Settings settings)
    : world_(std::move(world)), settings_(std::move(settings)) {}

CredentialSource CredentialChain::source() {
  return [this](Renew renew, net::Deadline deadline) { return load(renew, deadline); };
}

net::Task<Result<Credentials>> CredentialChain::load(Renew renew, net::Deadline deadline) {
  const auto valid = [this](std::chrono::seconds margin) {
    return kept_ && (!kept_->expires || world_.now() + margin < *kept_->expires);
  };
  if (renew == Renew::kNo && valid(kRenewBefore)) co_return *kept_;
  const auto files = load_shared_files(world_.environment);
  if (!files) co_return files.error();
  CredentialSearch search(world_, settings_, *files, renew);
  auto found = co_await search.run(deadline);
  const bool usable = found && (!found->expires || world_.now() < *found->expires);
  if (!usable && renew == Renew::kNo && valid(std::chrono::seconds(0))) co_return *kept_;
  if (!found) co_return found.error();
  if (!usable) co_return expired(*found);
  kept_ = std::move(*found);
  co_return *kept_;
}

}  // namespace passport::aws
