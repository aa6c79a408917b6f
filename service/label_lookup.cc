#include "service/label_lookup.h"

#include <algorithm>
#include <array>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"

namespace passport::service {
namespace {

constexpr std::chrono::seconds kCallTime{20};
constexpr int kMaxPages = 20;  ///< of one batch
constexpr std::array<std::string_view, 3> kPlatforms = {"Linux", "Windows", "MacOS"};

/// Ids from `at` on, `most` at the most; moves `at` behind them.
std::vector<std::string> take_ids(const LabelBatch& batch, std::string_view prefix,
                                  std::size_t& at, std::size_t most) {
  std::vector<std::string> out;
  for (; at < batch.instances.size() && out.size() < most; ++at)
    if (batch.instances[at].id.starts_with(prefix)) out.push_back(batch.instances[at].id);
  return out;
}

Labels* find_labels(LabelBatch& batch, const std::string& id) {
  const auto found = std::lower_bound(
      batch.instances.begin(), batch.instances.end(), id,
      [](const LabelledInstance& i, const std::string& x) { return i.id < x; });
  return found != batch.instances.end() && found->id == id ? &found->labels : nullptr;
}

void take(LabelBatch& batch, const wire::aws::InstanceInformation& known) {
  auto* labels = find_labels(batch, known.instance_id);
  if (labels == nullptr) return;
  const bool usable =
      std::find(kPlatforms.begin(), kPlatforms.end(), known.platform_type) != kPlatforms.end();
  labels->platform = usable ? known.platform_type : "";
  // An EC2 instance's name is its tag; its host's is one that nobody chose.
  if (!known.instance_id.starts_with("mi-")) return;
  const auto& name = known.name.empty() ? known.computer_name : known.name;
  labels->name = name.size() <= kMaxLabelName ? name : "";
}

}  // namespace

void LabelLookup::look_up(std::string request) {
  if (waiting_.size() >= kMaxWaiting ||
      std::find(waiting_.begin(), waiting_.end(), request) != waiting_.end())
    return;
  waiting_.push_back(std::move(request));
  start_next();
}

void LabelLookup::start_next() {
  if (waiting_.empty() || working_ >= kMaxAtOnce) return;
  ++working_;
  net::asio::co_spawn(executor_, work(std::move(waiting_.front())), net::asio::detached);
  waiting_.pop_front();
}

net::Task<void> LabelLookup::work(std::string request) {
  const auto done = co_await look_for(request);
  if (!done) {
    ++counts_.failed;
    log_line(fmt::format("{}: names of instances are not known: {}", request,
                         escape_for_terminal(done.error().detail)));
  } else if (*done) {
    ++counts_.good;
  }
  --working_;
  start_next();
}

/// False: there was nothing to look for.
net::Task<Result<bool>> LabelLookup::look_for(const std::string& request) {
  std::function<Result<LabelBatch>(SqlTransaction&)> find =
      [request](SqlTransaction& transaction) { return find_unlabelled(transaction, request); };
  auto batch = co_await database_.run<LabelBatch>(std::move(find));
  if (!batch) co_return batch.error();
  const auto account = config_.accounts.find(batch->account);
  if (batch->instances.empty() || account == config_.accounts.end()) co_return false;
  const auto asked = co_await ask(account->second, *batch);
  std::function<Result<bool>(SqlTransaction&)> save =
      [kept = std::move(*batch)](SqlTransaction& transaction) -> Result<bool> {
    auto saved = save_labels(transaction, kept);
    if (!saved) return saved.error();
    return true;
  };
  auto saved = co_await database_.run<bool>(std::move(save));
  if (!asked) co_return asked.error();
  co_return saved;
}

/// Of both; one that refuses does not keep the other from answering.
net::Task<Result<void>> LabelLookup::ask(const Account& account, LabelBatch& batch) {
  const auto informed = co_await ask_ssm(account, batch);
  const auto described = co_await ask_ec2(account, batch);
  batch.whole = informed && described;
  if (batch.whole) co_return Result<void>();
  if (informed) co_return described.error();
  if (described || informed.error().detail == described.error().detail)
    co_return informed.error();
  co_return Error{informed.error().code,
                  informed.error().detail + "; " + described.error().detail};
}

net::Task<Result<void>> LabelLookup::ask_ssm(const Account& account, LabelBatch& batch) {
  auto& ssm = access_.provisioning(account, batch.region);
  for (std::size_t at = 0; at < batch.instances.size();) {
    const auto ids = take_ids(batch, "", at, wire::aws::kMaxInformed);
    std::string token;
    for (int page = 0; page < kMaxPages; ++page) {
      const auto answer =
          co_await ssm.describe_instances(ids, token, net::deadline_in(kCallTime));
      if (!answer) co_return answer.error();
      for (const auto& known : answer->instances) take(batch, known);
      token = answer->next_token;
      if (token.empty()) break;
    }
  }
  co_return Result<void>();
}

net::Task<Result<void>> LabelLookup::ask_ec2(const Account& account, LabelBatch& batch) {
  auto& ec2 = access_.ec2(account, batch.region);
  for (std::size_t at = 0; at < batch.instances.size();) {
    const auto ids = take_ids(batch, "i-", at, wire::aws::kMaxDescribed);
    std::string token;
    for (int page = 0; page < kMaxPages && !ids.empty(); ++page) {
      auto answer = co_await ec2.describe_instances(ids, token, net::deadline_in(kCallTime));
      if (!answer) co_return answer.error();
      for (auto& known : answer->instances) {
        auto* labels = find_labels(batch, known.instance_id);
        if (labels == nullptr) continue;
        labels->tags = std::move(known.tags);
        keep_wanted_tags(labels->tags, account);
      }
      token = answer->next_token;
      if (token.empty()) break;
    }
  }
  co_return Result<void>();
}

}  // namespace passport::service
