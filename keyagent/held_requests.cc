#include "keyagent/held_requests.h"

#include <optional>

#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "keyagent/own_memory.h"
#include "net/command.h"

namespace passport::keyagent {
namespace {

namespace asio = net::asio;
using wire::ssh::KeyType;
using wire::ssh::PrivateKey;

constexpr unsigned kRsaBits = 3072;
constexpr std::chrono::seconds kRenewPause{30};  ///< after a renewal that failed
constexpr std::size_t kShownErrors = 600;        ///< bytes of what a command said

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// On another thread: it takes up to a second.
net::Task<void> generate_rsa(std::optional<Result<PrivateKey>>& into) {
  into = PrivateKey::generate_rsa(kRsaBits);
  wipe_stack();
  co_return;
}

std::vector<KeyType> types_of(KeyChoice choice) {
  switch (choice) {
    case KeyChoice::kEd25519:
      return {KeyType::kEd25519};
    case KeyChoice::kRsa:
      return {KeyType::kRsa};
    case KeyChoice::kAll:
      break;
  }
  return {KeyType::kEd25519, KeyType::kRsa};
}

/// What it said last, in one line.
std::string shorten(std::string_view said) {
  while (said.ends_with('\n')) said.remove_suffix(1);
  if (const auto line = said.rfind('\n');
      line != std::string_view::npos && line + 1 < said.size())
    said.remove_prefix(line + 1);
  return escape_for_terminal(said, kShownErrors);
}

Error in_command(const wire::ssh::PublicKey& key, const Error& error) {
  return {
      error.code,
      fmt::format("certificate command for the {} key: {}", name_of(key.type), error.detail),
      error.hint};
}

net::Task<Result<std::vector<HeldCertificate>>> certify(
    std::shared_ptr<wire::ssh::Signer> signer, const HeldRequest& request) {
  const auto& key = signer->public_key();
  net::Command command;
  command.words = {"/bin/sh", "-c", request.certificate_command};
  command.input = render_public_key(key, request.id) + "\n";
  command.environment = {
      "PASSPORT_REQUEST=" + request.id,
      fmt::format("PASSPORT_END={}", request.end.time_since_epoch().count())};
  command.alone = true;
  const auto end =
      co_await net::run_command(std::move(command), net::deadline_in(kCertifyDeadline));
  if (!end) co_return in_command(key, end.error());
  if (end->status != 0) {
    const auto said = shorten(end->errors);
    const auto status = net::describe_status(end->status);
    co_return in_command(
        key, {Errc::kUnavailable, said.empty() ? status : fmt::format("{}: {}", status, said)});
  }
  auto certificates = parse_certificates(signer, end->output, now());
  if (!certificates) co_return in_command(key, certificates.error());
  co_return std::move(*certificates);
}

json::object describe_certificate(const HeldCertificate& held, const std::string& id) {
  const auto& fields = held.certificate.fields;
  json::object out;
  out["type"] = wire::ssh::certificate_name_of(fields.key.type);
  out["fingerprint"] = wire::ssh::fingerprint(fields.key.blob);
  out["key_id"] = fields.key_id;
  out["serial"] = std::to_string(fields.serial);  // JSON's numbers are not that exact
  out["principals"] = json::array(fields.principals.begin(), fields.principals.end());
  out["valid_after"] = fields.valid_after;
  out["valid_before"] = fields.valid_before;
  out["ca_fingerprint"] = wire::ssh::fingerprint(held.certificate.ca_key.blob);
  out["ca_algorithm"] = name_of(held.certificate.ca_algorithm);
  out["certificate"] = wire::ssh::render_certificate(fields.key.type, held.blob, id);
  return out;
}

}  // namespace

HeldRequests::HeldRequests(RandomSource random)
    : random_(std::move(random)), shield_(std::make_shared<Shield>(random_)) {}

net::Task<Result<std::shared_ptr<wire::ssh::Signer>>> HeldRequests::make_signer(KeyType type) {
  using Made = Result<std::shared_ptr<wire::ssh::Signer>>;
  if (type == KeyType::kEd25519)
    co_return Made(std::make_shared<ShieldedKey>(shield_, make_ed25519(random_), random_));
  asio::thread_pool other(1);
  std::optional<Result<PrivateKey>> key;
  co_await asio::co_spawn(other.get_executor(), generate_rsa(key), asio::use_awaitable);
  if (!*key) co_return key->error();
  co_return Made(std::make_shared<ShieldedKey>(shield_, std::move(**key), random_));
}

net::Task<Result<HeldRequests::Held>> HeldRequests::make(HeldRequest request) {
  Held out;
  const auto before = held_.find(request.id);
  for (const auto type : types_of(request.keys)) {
    std::shared_ptr<wire::ssh::Signer> signer;
    if (before != held_.end() && before->second.signers.contains(type)) {
      signer = before->second.signers.at(type);
    }
    out.signers[type] = signer;
  }
  for (auto& [type, signer] : out.signers) {
    if (signer == nullptr) {
      auto made = co_await make_signer(type);
      if (!made) co_return made.error();
      signer = std::move(*made);
    }
    auto certificates = co_await certify(signer, request);
    if (!certificates) co_return certificates.error();
    for (auto& certificate : *certificates) out.certificates.push_back(std::move(certificate));
  }
  sort_by_offer(out.certificates);
  out.renewal = find_renewal(out.certificates, request.end);
  out.request = std::move(request);
  co_return std::move(out);
}

net::Task<Result<void>> HeldRequests::add(HeldRequest request) {
  if (request.end <= now())
    co_return Error{Errc::kUsage, fmt::format("the end of request {} is over", request.id)};
  if (keyring_.locked())
    co_return Error{Errc::kDenied, "the agent is locked", "unlock it: ssh-add -X"};
  const auto id = request.id;
  if (!working_.insert(id).second)
    co_return Error{Errc::kThrottled, fmt::format("request {} is being added already", id)};
  auto made = co_await make(std::move(request));
  if (working_.erase(id) == 0)
    co_return Error{Errc::kNotFound, fmt::format("request {} was dropped meanwhile", id)};
  if (!made) co_return made.error();
  auto put = keyring_.put(
      id, make_identities(made->certificates, id, made->request.end, made->request.host_keys));
  if (!put) co_return put.error();
  held_[id] = std::move(*made);
  co_return Result<void>();
}

bool HeldRequests::drop(const std::string& id) {
  keyring_.drop(id);
  const bool was_held = held_.erase(id) > 0;
  return working_.erase(id) > 0 || was_held;
}

net::Task<void> HeldRequests::renew(HeldRequest request) {
  const auto id = request.id;
  const auto added = co_await add(std::move(request));
  const auto held = held_.find(id);
  if (added || held == held_.end()) co_return;
  held->second.last_error = added.error().detail;
  log_line(fmt::format("request {}: not renewed: {}", id, added.error().detail));
}

void HeldRequests::tick(const asio::any_io_executor& executor, Time time) {
  keyring_.expire(time);
  std::erase_if(held_, [&](const auto& entry) { return entry.second.request.end <= time; });
  for (auto& [id, held] : held_) {
    if (held.renewal >= held.request.end || time < held.renewal || keyring_.locked()) continue;
    held.renewal = time + kRenewPause;  // for the case that it fails
    asio::co_spawn(executor, renew(held.request), asio::detached);
  }
}

json::array HeldRequests::describe() const {
  json::array out;
  for (const auto& [id, held] : held_) {
    json::object request;
    request["id"] = id;
    request["end"] = held.request.end.time_since_epoch().count();
    request["keys"] = to_string(held.request.keys);
    request["error"] = held.last_error;
    json::array identities;
    for (const auto& certificate : held.certificates)
      identities.push_back(describe_certificate(certificate, id));
    request["identities"] = std::move(identities);
    out.push_back(std::move(request));
  }
  return out;
}

}  // namespace passport::keyagent
