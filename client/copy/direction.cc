#include "client/copy/direction.h"

#include <fmt/format.h>

#include "client/copy/remote_script.h"

namespace passport::copy {
namespace {

constexpr std::uint64_t kSlowHash = 20 << 20;  // bytes a second, of a slow disk

std::chrono::seconds patience_for(const std::vector<CheckWish>& wishes) {
  std::uint64_t bytes = 0;
  for (const auto& wish : wishes) bytes += wish.size;
  return Remote::kPatience + std::chrono::seconds(bytes / kSlowHash);
}

std::optional<Trouble> compare_sizes(Remote& remote, const std::vector<CheckWish>& wishes,
                                     std::vector<Check>& checks) {
  for (const auto& wish : wishes) {
    const auto stat = remote.stat(wish.remote_path);
    if (!stat && remote.broken()) return Trouble{Trouble::Reach::kSession, stat.error()};
    checks.push_back(!stat                     ? Check::kUnreadable
                     : stat->size >= wish.size ? Check::kSizesOnly
                                               : Check::kDiffers);
  }
  return std::nullopt;
}

}  // namespace

Trouble Direction::too_many() {
  return {Trouble::Reach::kAll,
          {Errc::kTooLarge, fmt::format("there are more than {} files", kMaxFiles)}};
}

/// Copying one of the two would overwrite the other, or what there is of it.
bool Direction::collides(const std::string& target) const {
  const auto part = part_path(target);
  if (targets_.contains(part) ||
      (wish_.to_here && targets_.contains(part + std::string(kJournalSuffix))))
    return true;
  std::string_view name = target;
  if (wish_.to_here && name.ends_with(kJournalSuffix))
    name.remove_suffix(kJournalSuffix.size());
  if (!name.ends_with(kPartSuffix)) return false;
  if (digest_parts_.contains(std::string(name))) return true;
  name.remove_suffix(kPartSuffix.size());
  return targets_.contains(std::string(name));
}

std::optional<Trouble> Direction::take_target(const std::string& target,
                                              const std::string& source, bool& is_new) {
  const auto at = targets_.find(target);
  is_new = at == targets_.end();
  if (!is_new && at->second == source) return std::nullopt;
  const auto name = escape_for_terminal(target);
  if (!is_new)
    return Trouble{Trouble::Reach::kFile,
                   {Errc::kUsage, name + ": more than one file would be copied there"}};
  if (collides(target))
    return Trouble{Trouble::Reach::kFile,
                   {Errc::kConflict, name + ": it has the name of a copy under way"}};
  if (targets_.size() >= kMaxFiles) return too_many();
  targets_.emplace(target, source);
  auto part = part_path(target);
  if (part != target + std::string(kPartSuffix)) digest_parts_.insert(std::move(part));
  return std::nullopt;
}

void Direction::add_folder(const std::string& path, const FileStat& stat) {
  folders_.push_back({path, stat});
}

std::optional<Trouble> check_all(Remote& remote, const std::vector<CheckWish>& wishes,
                                 std::vector<Check>& checks) {
  std::vector<HashWish> asked;
  for (const auto& wish : wishes) asked.push_back({wish.remote_path, wish.size});
  const auto script = remote.start_script(render_hash_script(asked));
  if (!script && remote.broken()) return Trouble{Trouble::Reach::kSession, script.error()};
  std::vector<std::string> here;
  for (const auto& wish : wishes) here.push_back(wish.hash_here());
  std::optional<HashAnswer> answer;
  if (script) {
    const auto text = remote.finish_script(**script, patience_for(wishes));
    if (!text && remote.broken()) return Trouble{Trouble::Reach::kSession, text.error()};
    if (text) answer = parse_hash_answer(*text, wishes.size());
  }
  if (!answer || !answer->can_hash) return compare_sizes(remote, wishes, checks);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const auto& there = answer->hashes[i];
    checks.push_back(!there              ? Check::kUnreadable
                     : *there == here[i] ? Check::kSame
                                         : Check::kDiffers);
  }
  return std::nullopt;
}

}  // namespace passport::copy
