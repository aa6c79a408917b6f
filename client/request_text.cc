#include "client/request_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace passport::client {
namespace {

std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// Its instances: id, state, name where it has one, and why not.
std::string render_instances(const json::object& request, const TextStyle& style) {
  std::vector<std::vector<Cell>> rows;
  const auto* instances = find_array(request, "instances");
  for (const auto& item : instances != nullptr ? *instances : json::array()) {
    const auto* instance = item.if_object();
    if (instance == nullptr) continue;
    rows.push_back({{text_of(*instance, "id")},
                    state_cell(text_of(*instance, "state")),
                    {text_of(*instance, "name")},
                    {text_of(*instance, "error")}});
  }
  // Why not is what one came for: it is not cut.
  auto wide = style;
  wide.width = 0;
  return render_table({{""}, {""}, {""}, {""}}, rows, wide);
}

}  // namespace

std::string text_of(const json::object& object, std::string_view key) {
  return escape_for_terminal(find_string(object, key));
}

Cell state_cell(const std::string& state) {
  const bool good = state == "active" || state == "completed" || state == "removed";
  const bool bad = state == "failed" || state == "denied";
  return {state, good ? "32" : bad ? "31" : "33"};
}

std::string render_time_left(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  const auto minutes = seconds % 3600 / 60;
  return minutes == 0 ? fmt::format("{} h", seconds / 3600)
                      : fmt::format("{} h {} min", seconds / 3600, minutes);
}

std::string find_time_left(const json::object& request, std::int64_t now) {
  const auto end = number_of(request, "ends_at");
  if (end == 0 || number_of(request, "finished_at") > 0) return "";
  return end > now ? render_time_left(end - now) : "over";
}

std::string render_requests(const json::array& requests, const TextStyle& style) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& item : requests) {
    const auto* request = item.if_object();
    if (request == nullptr) continue;
    rows.push_back({{text_of(*request, "id")},
                    state_cell(text_of(*request, "state")),
                    {find_time_left(*request, style.now)},
                    {text_of(*request, "owner")},
                    {text_of(*request, "account")},
                    {text_of(*request, "reason")}});
  }
  return render_table(
      {{"ID"}, {"STATE"}, {"LEFT", 1}, {"OWNER", 2}, {"ACCOUNT", 3}, {"REASON"}}, rows, style);
}

std::string render_request(const json::object& request, const TextStyle& style) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{:<9} {}\n", name, value);
  };
  const auto state = state_cell(text_of(request, "state"));
  line("request", text_of(request, "id"));
  line("state", paint(state.text, state.colour, style.colour));
  line("left", find_time_left(request, style.now));
  line("owner", text_of(request, "owner"));
  line("account", text_of(request, "account") + " " + text_of(request, "region"));
  line("user", text_of(request, "user"));
  line("reason", text_of(request, "reason"));
  line("ticket", text_of(request, "ticket"));
  if (const auto wanted = number_of(request, "approvals_needed"); state.text == "pending")
    line("waits for", fmt::format("{} approval{}", wanted, wanted == 1 ? "" : "s"));
  return out + render_instances(request, style);
}

}  // namespace passport::client
