#include "client/request_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::client {
namespace {

constexpr std::size_t kMaxCell = 60;  ///< bytes of a table's cell

std::string text_of(const json::object& object, std::string_view key, std::size_t most = 1024) {
  return escape_for_terminal(find_string(object, key), most);
}

std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string in_colour(const std::string& text, std::string_view state, bool colour) {
  if (!colour) return text;
  const bool good = state == "active" || state == "completed" || state == "removed";
  const bool bad = state == "failed" || state == "denied";
  const char* code = good ? "32" : bad ? "31" : "33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string time_left(const json::object& request, std::int64_t now) {
  const auto end = number_of(request, "ends_at");
  if (end == 0 || number_of(request, "finished_at") > 0) return "";
  return end > now ? render_time_left(end - now) : "over";
}

}  // namespace

std::string render_time_left(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  const auto minutes = seconds % 3600 / 60;
  return minutes == 0 ? fmt::format("{} h", seconds / 3600)
                      : fmt::format("{} h {} min", seconds / 3600, minutes);
}

std::string render_requests(const json::array& requests, const TextStyle& style) {
  using Row = std::array<std::string, 6>;
  std::vector<Row> rows = {{"ID", "STATE", "LEFT", "OWNER", "ACCOUNT", "REASON"}};
  for (const auto& item : requests) {
    const auto* request = item.if_object();
    if (request == nullptr) continue;
    rows.push_back({text_of(*request, "id", kMaxCell), text_of(*request, "state", kMaxCell),
                    time_left(*request, style.now), text_of(*request, "owner", kMaxCell),
                    text_of(*request, "account", kMaxCell),
                    text_of(*request, "reason", kMaxCell)});
  }
  if (rows.size() == 1) return {};
  std::array<std::size_t, 6> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const auto cell = fmt::format("{:<{}}  ", row[i], widths[i]);
      out += i == 1 && &row != &rows.front() ? in_colour(cell, row[i], style.colour) : cell;
    }
    out += row.back() + "\n";
  }
  return out;
}

std::string render_request(const json::object& request, const TextStyle& style) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{:<9} {}\n", name, value);
  };
  const auto state = text_of(request, "state");
  line("request", text_of(request, "id"));
  line("state", in_colour(state, state, style.colour));
  line("left", time_left(request, style.now));
  line("owner", text_of(request, "owner"));
  line("account", text_of(request, "account") + " " + text_of(request, "region"));
  line("user", text_of(request, "user"));
  line("reason", text_of(request, "reason"));
  line("ticket", text_of(request, "ticket"));
  if (const auto wanted = number_of(request, "approvals_needed"); state == "pending")
    line("waits for", fmt::format("{} approval{}", wanted, wanted == 1 ? "" : "s"));
  const auto* instances = find_array(request, "instances");
  if (instances == nullptr) return out;
  for (const auto& item : *instances) {
    const auto* instance = item.if_object();
    if (instance == nullptr) continue;
    const auto is = text_of(*instance, "state");
    const auto error = text_of(*instance, "error");
    out += fmt::format("{}  {}{}{}\n", text_of(*instance, "id"),
                       in_colour(is, is, style.colour), error.empty() ? "" : ": ", error);
  }
  return out;
}

Progress find_progress(const json::object& request) {
  Progress out;
  const auto state = find_string(request, "state");
  std::size_t moving = 0;
  if (const auto* instances = find_array(request, "instances")) {
    for (const auto& item : *instances) {
      const auto* instance = item.if_object();
      const auto is = instance != nullptr ? find_string(*instance, "state") : "";
      ++out.all;
      if (is == "active") ++out.active;
      if (is == "failed") ++out.failed;
      if (is == "waiting" || is == "provisioning") ++moving;
    }
  }
  out.settled = (state != "provisioning" && state != "active") || moving == 0;
  return out;
}

std::string describe_progress(const json::object& request) {
  const auto progress = find_progress(request);
  return fmt::format("{} of {} instance{} active{}", progress.active, progress.all,
                     progress.all == 1 ? "" : "s",
                     progress.failed > 0 ? fmt::format(", {} failed", progress.failed) : "");
}

}  // namespace passport::client
