#include "lab/fault_control.h"

#include <boost/json/serialize.hpp>

#include "base/exit_code.h"
#include "base/json.h"

namespace passport::lab {
namespace {

json::array to_json(std::span<const NamedValue> values) {
  json::array out;
  for (const auto& [name, value] : values) out.push_back(json::array{name, value});
  return out;
}

std::optional<std::vector<NamedValue>> from_json(const json::array& pairs) {
  std::vector<NamedValue> out;
  for (const auto& item : pairs) {
    const auto* pair = item.if_array();
    if (!pair || pair->size() != 2) return std::nullopt;
    const auto* name = pair->at(0).if_string();
    const auto* value = pair->at(1).if_string();
    if (!name || !value) return std::nullopt;
    out.push_back({std::string(*name), std::string(*value)});
  }
  return out;
}

bool is_true(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

/// The code that an exit status came from, as far as a client branches on it.
Errc code_of(std::int64_t status) {
  for (const auto code : {Errc::kUsage, Errc::kMalformed, Errc::kNotFound}) {
    if (exit_code(code) == status) return code;
  }
  return Errc::kInternal;
}

}  // namespace

std::string serialize_fault_request(const FaultRequest& request) {
  switch (request.kind) {
    case FaultRequest::Kind::kClear:
      return R"({"clear":true})";
    case FaultRequest::Kind::kSet:
      return json::serialize(json::object{{"set", to_json(request.values)}});
    case FaultRequest::Kind::kShow:
      break;
  }
  return R"({"show":true})";
}

Result<FaultRequest> parse_fault_request(std::string_view line) {
  if (line.size() > kMaxControlLine) return Error{Errc::kTooLarge, "request: too large"};
  const auto object = parse_json_object(line, "request");
  if (!object) return object.error();
  if (is_true(*object, "show")) return FaultRequest{};
  if (is_true(*object, "clear")) return FaultRequest{FaultRequest::Kind::kClear};
  const auto* pairs = find_array(*object, "set");
  auto values = pairs ? from_json(*pairs) : std::nullopt;
  if (!values) return Error{Errc::kMalformed, "request: neither show, clear nor set"};
  return FaultRequest{FaultRequest::Kind::kSet, std::move(*values)};
}

std::string serialize_fault_answer(std::span<const NamedValue> faults) {
  return json::serialize(json::object{{"faults", to_json(faults)}});
}

std::string serialize_fault_error(const Error& error) {
  return json::serialize(json::object{
      {"error", error.detail}, {"hint", error.hint}, {"status", exit_code(error.code)}});
}

Result<FaultAnswer> parse_fault_answer(std::string_view line) {
  const Error bad{Errc::kProtocol, "the lab's answer cannot be read"};
  const auto object = parse_json_object(line, "answer");
  if (!object) return bad;
  if (const auto error = find_string(*object, "error"); !error.empty()) {
    const auto* status = object->if_contains("status");
    if (!status || !status->is_int64()) return bad;
    return FaultAnswer{
        {}, Error{code_of(status->get_int64()), error, find_string(*object, "hint")}};
  }
  const auto* pairs = find_array(*object, "faults");
  auto values = pairs ? from_json(*pairs) : std::nullopt;
  if (!values) return bad;
  return FaultAnswer{std::move(*values), std::nullopt};
}

Result<LabFaults> apply_fault_request(const LabFaults& now, const FaultRequest& request) {
  auto out = now;
  if (request.kind == FaultRequest::Kind::kClear) {
    out = LabFaults();
    out.seed = now.seed;
  }
  for (const auto& [name, value] : request.values) {
    if (auto set = set_fault(out, name, value); !set) return set.error();
  }
  return out;
}

}  // namespace passport::lab
