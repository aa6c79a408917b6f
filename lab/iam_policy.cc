#include "lab/iam_policy.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/service_state.h"
#include "wire/aws/time.h"

namespace passport::lab {
namespace {

constexpr std::size_t kMaxShown = 100;
// What came out of a variable, or was written ${*} and ${?}, matches itself alone.
constexpr char kLiteralStar = '\x01';
constexpr char kLiteralQuestion = '\x02';

Error malformed(std::string detail) {
  return {Errc::kMalformed, "policy: " + std::move(detail)};
}

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", escape_for_terminal(text, kMaxShown));
}

char literal(char c) {
  return c == '*' ? kLiteralStar : c == '?' ? kLiteralQuestion : c;
}

bool matches_one(char wanted, char given) {
  if (wanted == kLiteralStar) return given == '*';
  if (wanted == kLiteralQuestion) return given == '?';
  return wanted == '?' || wanted == given;
}

/// * stands for any characters, ? for one.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t behind_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      behind_star = t;
    } else if (p < pattern.size() && matches_one(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++behind_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Puts the request's values for ${...}; nullopt when one is not there: nothing can match then.
std::optional<std::string> expand(std::string_view pattern, const IamRequest& request) {
  std::string out;
  while (!pattern.empty()) {
    const auto end = pattern.starts_with("${") ? pattern.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    const auto name = pattern.substr(2, end - 2);
    pattern.remove_prefix(end + 1);
    if (name == "*" || name == "?" || name == "$") {
      out += literal(name.front());
      continue;
    }
    const auto value = request.context.find(to_lower(name));
    if (value == request.context.end()) return std::nullopt;
    for (const char c : value->second) out += literal(c);
  }
  return out;
}

std::optional<double> to_number(std::string_view text) {
  double out = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, out);
  if (r.ec != std::errc() || r.ptr != end) return std::nullopt;
  return out;
}

/// ISO 8601, or seconds since the epoch.
std::optional<double> to_moment(std::string_view text) {
  if (const auto seconds = to_number(text)) return seconds;
  const auto time = wire::aws::decode_iso8601(text);
  if (!time) return std::nullopt;
  return static_cast<double>(time->time_since_epoch().count());
}

std::string unescape(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), kLiteralStar, '*');
  std::replace(out.begin(), out.end(), kLiteralQuestion, '?');
  return out;
}

bool equals(std::string_view wanted, std::string_view given) {
  return unescape(wanted) == given;
}
bool equals_ignoring_case(std::string_view wanted, std::string_view given) {
  return equal_ignoring_case(unescape(wanted), given);
}

template <class Convert, class Order>
bool compare_as(Convert convert, Order order, std::string_view wanted, std::string_view given) {
  const auto w = convert(wanted);
  const auto g = convert(given);
  return w && g && order(*g, *w);
}
template <class Order>
bool number_is(std::string_view wanted, std::string_view given) {
  return compare_as(to_number, Order(), wanted, given);
}
template <class Order>
bool moment_is(std::string_view wanted, std::string_view given) {
  return compare_as(to_moment, Order(), wanted, given);
}

struct Operator {
  std::string_view name;
  bool (*compare)(std::string_view, std::string_view);
  bool negated;
};
constexpr Operator kOperators[] = {
    {"StringEquals", equals, false},
    {"StringNotEquals", equals, true},
    {"StringEqualsIgnoreCase", equals_ignoring_case, false},
    {"StringLike", matches, false},
    {"StringNotLike", matches, true},
    {"ArnLike", matches, false},
    {"ArnEquals", matches, false},
    {"Bool", equals_ignoring_case, false},
    {"NumericEquals", number_is<std::equal_to<>>, false},
    {"NumericLessThan", number_is<std::less<>>, false},
    {"NumericLessThanEquals", number_is<std::less_equal<>>, false},
    {"NumericGreaterThan", number_is<std::greater<>>, false},
    {"NumericGreaterThanEquals", number_is<std::greater_equal<>>, false},
    {"DateLessThan", moment_is<std::less<>>, false},
    {"DateGreaterThan", moment_is<std::greater<>>, false},
};

/// A string, number, truth value, or a list of them.
Result<std::vector<std::string>> read_values(const json::value& value, std::string_view what) {
  std::vector<std::string> out;
  const auto take = [&](const json::value& one) {
    if (const auto* text = one.if_string()) {
      out.emplace_back(*text);
    } else if (const auto* truth = one.if_bool()) {
      out.emplace_back(*truth ? "true" : "false");
    } else if (const auto* number = one.if_int64()) {
      out.push_back(std::to_string(*number));
    } else {
      return false;
    }
    return true;
  };
  bool good = true;
  if (const auto* list = value.if_array()) {
    for (const auto& one : *list) good = good && take(one);
  } else {
    good = take(value);
  }
  if (!good || out.empty())
    return malformed(fmt::format("{} is no text or list of texts", what));
  return out;
}

}  // namespace

struct IamPolicy::Parser {
  static Result<Statement> read_statement(const json::value& value, Form form);
  static Result<std::vector<std::string>> read_principals(const json::value& value);
  static Result<void> read_conditions(const json::object& operators, Statement& into);
  static Result<Condition> find_operator(std::string_view name);
};

Result<IamPolicy::Condition> IamPolicy::Parser::find_operator(std::string_view name) {
  Condition out;
  if (name == "Null") return out;
  auto plain = name;
  out.if_exists = plain.ends_with("IfExists");
  if (out.if_exists) plain.remove_suffix(std::string_view("IfExists").size());
  for (const auto& known : kOperators) {
    if (known.name != plain) continue;
    out.compare = known.compare;
    out.negated = known.negated;
    return out;
  }
  return malformed(fmt::format("condition operator {} is not known here", quoted(name)));
}

Result<void> IamPolicy::Parser::read_conditions(const json::object& operators,
                                                Statement& into) {
  for (const auto& [name, keys] : operators) {
    auto condition = find_operator(name);
    if (!condition) return condition.error();
    if (!keys.is_object()) return malformed(fmt::format("{} has no keys", quoted(name)));
    for (const auto& [key, given] : keys.get_object()) {
      auto values = read_values(given, quoted(key));
      if (!values) return values.error();
      condition->key = to_lower(key);
      condition->values = std::move(*values);
      into.conditions.push_back(*condition);
    }
  }
  return {};
}

/// {"AWS": ARN or a list}: of others the lab knows none.
Result<std::vector<std::string>> IamPolicy::Parser::read_principals(const json::value& value) {
  const auto* object = value.if_object();
  const auto* aws = object && object->size() == 1 ? object->if_contains("AWS") : nullptr;
  if (!aws) return malformed("Principal is no object with AWS alone");
  return read_values(*aws, "Principal");
}

Result<IamPolicy::Statement> IamPolicy::Parser::read_statement(const json::value& value,
                                                               Form form) {
  const auto* statement = value.if_object();
  if (!statement) return malformed("a statement is no object");
  Statement out;
  for (const auto& [name, given] : *statement) {
    if (name == "Sid") continue;
    if (name == "Effect") {
      out.allow = given == "Allow";
      if (!out.allow && given != "Deny") return malformed("Effect is neither Allow nor Deny");
    } else if (name == "Principal" && form == Form::kTrust) {
      auto principals = read_principals(given);
      if (!principals) return principals.error();
      out.resources = std::move(*principals);
    } else if (name == "Action" || name == "NotAction" ||
               (form == Form::kPermissions && (name == "Resource" || name == "NotResource"))) {
      const bool action = name.ends_with("Action");
      auto& into = action ? out.actions : out.resources;
      if (!into.empty()) return malformed("both an element and its negation");
      auto values = read_values(given, std::string(name));
      if (!values) return values.error();
      into = std::move(*values);
      (action ? out.not_action : out.not_resource) = name.starts_with("Not");
    } else if (name == "Condition" && given.is_object()) {
      if (auto read = read_conditions(given.get_object(), out); !read) return read.error();
    } else {
      return malformed(fmt::format("element {} is not known here", quoted(name)));
    }
  }
  if (!statement->contains("Effect")) return malformed("a statement without Effect");
  if (out.actions.empty() || out.resources.empty())
    return malformed(fmt::format("a statement without Action or {}",
                                 form == Form::kTrust ? "Principal" : "Resource"));
  return out;
}

Result<IamPolicy> IamPolicy::parse(std::string_view document, Form form) {
  if (document.size() > kMaxSize) return Error{Errc::kTooLarge, "policy: too large"};
  const auto parsed = parse_json_object(document, "policy");
  if (!parsed) return parsed.error();
  const auto version = find_string(*parsed, "Version");
  if (version != "2012-10-17")
    return malformed(fmt::format("Version is {}, not \"2012-10-17\"", quoted(version)));
  for (const auto& [name, given] : *parsed) {
    if (name != "Version" && name != "Id" && name != "Statement")
      return malformed(fmt::format("element {} is not known here", quoted(name)));
  }
  const auto* given = parsed->if_contains("Statement");
  if (!given) return malformed("no Statement");
  IamPolicy out;
  const json::array one{*given};
  for (const auto& value : given->is_array() ? given->get_array() : one) {
    auto statement = Parser::read_statement(value, form);
    if (!statement) return statement.error();
    out.statements_.push_back(std::move(*statement));
  }
  return out;
}

bool IamPolicy::holds(const Condition& condition, const IamRequest& request) {
  const auto given = request.context.find(condition.key);
  const bool absent = given == request.context.end();
  if (!condition.compare) return condition.values.front() == (absent ? "true" : "false");
  if (absent) return condition.if_exists || condition.negated;
  const bool agrees = std::any_of(condition.values.begin(), condition.values.end(),
                                  [&](const std::string& value) {
                                    const auto wanted = expand(value, request);
                                    return wanted && condition.compare(*wanted, given->second);
                                  });
  return agrees != condition.negated;
}

bool IamPolicy::applies(const Statement& statement, const IamRequest& request) {
  const auto action = to_lower(request.action);
  const bool names_action =
      std::any_of(statement.actions.begin(), statement.actions.end(),
                  [&](const std::string& a) { return matches(to_lower(a), action); });
  const bool names_resource = std::any_of(statement.resources.begin(),
                                          statement.resources.end(), [&](const std::string& r) {
                                            const auto wanted = expand(r, request);
                                            return wanted && matches(*wanted, request.resource);
                                          });
  return names_action != statement.not_action && names_resource != statement.not_resource &&
         std::all_of(statement.conditions.begin(), statement.conditions.end(),
                     [&](const Condition& c) { return holds(c, request); });
}

IamEffect IamPolicy::evaluate(const IamRequest& request) const {
  auto effect = IamEffect::kNone;
  for (const auto& statement : statements_) {
    if (!applies(statement, request)) continue;
    if (!statement.allow) return IamEffect::kDeny;
    effect = IamEffect::kAllow;
  }
  return effect;
}

bool IamPolicy::asks_for(std::string_view context_key) const {
  for (const auto& statement : statements_) {
    for (const auto& c : statement.conditions) {
      if (c.key == context_key && c.values.front() == "true") return true;
    }
  }
  return false;
}

std::optional<std::string> find_iam_denial(const IamPolicy* identity, const IamPolicy* session,
                                           const IamRequest& request) {
  const std::pair<const IamPolicy*, std::string_view> policies[] = {
      {identity, "identity-based policy"}, {session, "session policy"}};
  IamEffect effects[2] = {IamEffect::kAllow, IamEffect::kAllow};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& [policy, kind] = policies[i];
    if (policy) effects[i] = policy->evaluate(request);
    if (effects[i] == IamEffect::kDeny)
      return fmt::format("with an explicit deny in {} {}", i == 0 ? "an" : "a", kind);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (effects[i] == IamEffect::kNone)
      return fmt::format("because no {} allows the {} action", policies[i].second,
                         request.action);
  }
  return std::nullopt;
}

Result<std::string> make_principal_arn(std::string_view principal) {
  const bool arn = principal.starts_with("arn:");
  constexpr std::string_view kRest =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-/";
  const bool sound = !principal.empty() && principal.back() != '/' &&
                     principal.front() != '/' &&
                     principal.find_first_not_of(kRest) == std::string_view::npos;
  if (arn && principal.size() < 256 &&
      (principal.find(":user/") != std::string_view::npos ||
       principal.find(":role/") != std::string_view::npos))
    return std::string(principal);
  if (arn || !sound)
    return Error{Errc::kUsage, "want NAME, user/NAME, role/NAME or the arn of one"};
  const bool kind = principal.starts_with("user/") || principal.starts_with("role/");
  return fmt::format("arn:aws:iam::{}:{}{}", kAccount, kind ? "" : "user/", principal);
}

}  // namespace passport::lab
