// The table of routes, and the description that is given of it.
#include "service/routes.h"

#include <set>

#include <gtest/gtest.h>

#include "base/json.h"
#include "service/texts.h"

namespace passport::service {
namespace {

/// "GET /v1/requests", and whether a token is wanted.
using Described = std::set<std::pair<std::string, bool>>;

std::string in_capitals(std::string_view word) {
  std::string out(word);
  for (auto& c : out) c = static_cast<char>(c - 'a' + 'A');
  return out;
}

Described described(const json::object& openapi) {
  Described out;
  for (const auto& path : openapi.at("paths").get_object())
    for (const auto& operation : path.value().get_object()) {
      if (operation.key() == "parameters") continue;
      const auto* security = operation.value().get_object().if_contains("security");
      const bool open = security != nullptr && security->get_array().empty();
      out.emplace(in_capitals(operation.key()) + " " + std::string(path.key()), !open);
    }
  return out;
}

TEST(Routes, AreThoseThatOpenApiDescribes) {
  const auto openapi = parse_json_object(kOpenApiText, "openapi");
  ASSERT_TRUE(openapi) << openapi.error().detail;
  Described served;
  for (const auto& route : routes())
    served.emplace(std::string(route.method) + " " + std::string(route.path),
                   route.action.has_value());
  EXPECT_EQ(described(*openapi), served);
}

/// Every parameter of a path is described, and "$ref" leads somewhere.
void check_references(const json::value& value, const json::object& openapi) {
  if (const auto* array = value.if_array())
    for (const auto& item : *array) check_references(item, openapi);
  const auto* object = value.if_object();
  if (object == nullptr) return;
  if (const auto* reference = object->if_contains("$ref")) {
    const std::string path(reference->get_string());
    ASSERT_EQ(path.front(), '#');
    boost::system::error_code error;
    EXPECT_NE(json::value(openapi).find_pointer(path.substr(1), error), nullptr) << path;
  }
  for (const auto& member : *object) check_references(member.value(), openapi);
}

TEST(Routes, TheDescriptionHoldsTogether) {
  const auto openapi = parse_json_object(kOpenApiText, "openapi");
  ASSERT_TRUE(openapi);
  check_references(*openapi, *openapi);
  std::set<std::string> ids;
  for (const auto& path : openapi->at("paths").get_object()) {
    const std::string pattern(path.key());
    const auto wanted =
        static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '{'));
    const auto* parameters = path.value().get_object().if_contains("parameters");
    EXPECT_EQ(parameters == nullptr ? 0U : parameters->get_array().size(), wanted) << pattern;
    for (const auto& operation : path.value().get_object())
      if (operation.key() != "parameters")
        EXPECT_TRUE(ids.emplace(operation.value().at("operationId").get_string()).second);
  }
}

TEST(Routes, AreFoundByMethodAndPath) {
  const auto found =
      find_route("POST", "/v1/requests/ar-0123456789abcdef/sessions/ann-0a1b/resume?x=y");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->route->endpoint, Endpoint::kResumeSession);
  EXPECT_EQ(found->request, "ar-0123456789abcdef");
  EXPECT_EQ(found->session, "ann-0a1b");
  for (const auto* path :
       {"", "/", "v1/requests", "//v1/requests", "/v1/requests/", "/v1//requests",
        "/V1/requests", "/v1/requests/ar-0123456789ABCDEF", "/v1/requests/ar-0123456789abcde",
        "/v1/requests/ar-0123456789abcdef/", "/v1/requests/ar-0123456789abcdef%2fextend",
        "/v1/requests/../accounts", "/v1/requests/{request}", "/v1/accounts#", "*"})
    EXPECT_EQ(find_route("GET", path).error().code, Errc::kNotFound) << path;
  EXPECT_EQ(find_route("DELETE", "/v1/requests").error().code, Errc::kUsage);
  EXPECT_EQ(find_route("get", "/v1/requests").error().code, Errc::kUsage);
  EXPECT_EQ(find_route("GET", "/v1/" + std::string(600, 'a')).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace passport::service
