#include "lab/ssm_request.h"

#include <fmt/format.h>

namespace passport::lab {

ApiError validation_error(std::string message) {
  return {400, "ValidationException", std::move(message)};
}

std::string instance_arn(const ServiceState& state, std::string_view id) {
  const bool managed = id.starts_with("mi-");
  return fmt::format("arn:aws:{}:{}:{}:{}/{}", managed ? "ssm" : "ec2", state.region, kAccount,
                     managed ? "managed-instance" : "instance", id);
}

std::string document_arn(const ServiceState& state, const std::string& name) {
  return fmt::format("arn:aws:ssm:{}:{}:document/{}", state.region,
                     name.starts_with("AWS-") ? std::string_view() : kAccount,
                     name.empty() ? "SSM-SessionManagerRunShell" : name);
}

std::variant<Parameters, ApiError> read_parameters(const json::object& request) {
  Parameters out;
  const auto* given = find_object(request, "Parameters");
  if (!given) return out;
  for (const auto& [name, value] : *given) {
    const auto* list = value.if_array();
    if (!list) {
      return ApiError{
          400, "SerializationException",
          fmt::format("parameter '{}' is no list of strings", std::string_view(name))};
    }
    auto& values = out[std::string(name)];
    for (const auto& item : *list) {
      const auto* text = item.if_string();
      if (!text) {
        return ApiError{
            400, "SerializationException",
            fmt::format("parameter '{}' is no list of strings", std::string_view(name))};
      }
      values.emplace_back(*text);
    }
  }
  return out;
}

std::variant<std::size_t, ApiError> read_max_results(const json::object& request,
                                                     std::size_t low, std::size_t high,
                                                     std::size_t fallback) {
  const auto* value = request.if_contains("MaxResults");
  if (!value || value->is_null()) return fallback;
  const auto* number = value->if_int64();
  if (!number || *number < static_cast<std::int64_t>(low) ||
      *number > static_cast<std::int64_t>(high)) {
    return ApiError{
        400, "ValidationException",
        fmt::format("1 validation error detected: Value at 'maxResults' failed to satisfy "
                    "constraint: Member must have value between {} and {}",
                    low, high)};
  }
  return static_cast<std::size_t>(*number);
}

json::object make_page(std::string_view name,
                       std::vector<std::pair<std::string, json::object>> items,
                       const std::string& after, std::size_t most) {
  json::array page;
  json::object out;
  std::string last;
  for (auto& [key, item] : items) {
    if (!after.empty() && key <= after) continue;
    if (page.size() == most) {
      out["NextToken"] = last;
      break;
    }
    last = key;
    page.emplace_back(std::move(item));
  }
  out[name] = std::move(page);
  return out;
}

}  // namespace passport::lab
