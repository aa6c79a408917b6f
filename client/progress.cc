#include "client/progress.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/request_text.h"

namespace passport::client {
namespace {

bool is_moving(std::string_view state) {
  return state == "waiting" || state == "provisioning" || state == "removing";
}

std::vector<const json::object*> instances_of(const json::object& request) {
  std::vector<const json::object*> out;
  if (const auto* instances = find_array(request, "instances"))
    for (const auto& item : *instances)
      if (const auto* instance = item.if_object()) out.push_back(instance);
  return out;
}

std::string state_of(const json::object* instance) {
  return find_string(*instance, "state");
}

/// Of those that are not shown.
std::string count_rest(const std::vector<const json::object*>& rest) {
  std::map<std::string, std::size_t> states;
  for (const auto* instance : rest) ++states[text_of(*instance, "state")];
  auto out = fmt::format("and {} more", rest.size());
  const char* before = ": ";
  for (const auto& [state, number] : states) {
    out += fmt::format("{}{} {}", before, number, state);
    before = ", ";
  }
  return out;
}

}  // namespace

Progress find_progress(const json::object& request) {
  Progress out;
  const auto state = find_string(request, "state");
  std::size_t moving = 0;
  for (const auto* instance : instances_of(request)) {
    const auto is = state_of(instance);
    ++out.all;
    if (is == "active") ++out.active;
    if (is == "failed") ++out.failed;
    if (is == "removed") ++out.removed;
    if (is_moving(is)) ++moving;
  }
  // With one active the request is about to be so itself.
  const bool begins = state == "provisioning" && (moving > 0 || out.active > 0);
  const bool changes = state == "active" && moving > 0;
  out.settled = state != "completing" && !begins && !changes;
  return out;
}

std::string describe_progress(const json::object& request) {
  const auto progress = find_progress(request);
  const char* plural = progress.all == 1 ? "" : "s";
  if (find_string(request, "state") == "completing")
    return fmt::format("{} of {} user{} removed", progress.removed, progress.all, plural);
  const auto failed =
      progress.failed > 0 ? fmt::format(", {} failed", progress.failed) : std::string();
  return fmt::format("{} of {} instance{} active{}", progress.active, progress.all, plural,
                     failed);
}

std::string render_progress(const json::object& request, const TextStyle& style,
                            std::size_t most, std::int64_t waited) {
  auto shown = instances_of(request);
  std::vector<const json::object*> rest;
  if (shown.size() > most) {
    std::stable_partition(shown.begin(), shown.end(), [](const json::object* instance) {
      return is_moving(state_of(instance));
    });
    const auto first =
        shown.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(most, 1));
    rest.assign(first - 1, shown.end());
    shown.erase(first - 1, shown.end());
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto* instance : shown) {
    const auto state = state_of(instance);
    const auto error = text_of(*instance, "error");
    const auto time = is_moving(state) ? fmt::format("{} s", waited) : std::string();
    rows.push_back({{text_of(*instance, "id")},
                    {text_of(*instance, "name")},
                    state_cell(text_of(*instance, "state")),
                    {error.empty() || time.empty() ? time + error : time + ": " + error}});
  }
  auto out = render_table({{""}, {"", 1}, {""}, {""}}, rows, style);
  if (!rest.empty()) out += render_table({{""}}, {{{count_rest(rest)}}}, style);
  return out;
}

std::vector<std::string> ProgressLog::take_changes(const json::object& request) {
  std::vector<std::string> out;
  for (const auto* instance : instances_of(request)) {
    const auto error = text_of(*instance, "error");
    const auto id = text_of(*instance, "id");
    const auto is = text_of(*instance, "state") + (error.empty() ? "" : ": " + error);
    auto& said = said_[id];
    if (said == is) continue;
    said = is;
    const auto name = text_of(*instance, "name");
    out.push_back(fmt::format("{}{}: {}", id, name.empty() ? "" : " (" + name + ")", is));
  }
  return out;
}

}  // namespace passport::client
