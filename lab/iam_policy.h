// IAM's rules, as far as sessions need them: may this principal do that to this resource? Pure.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace passport::lab {

/// One question. Context keys are in lower case; one that is not there is absent.
struct IamRequest {
  std::string action;                            ///< "ssm:StartSession"
  std::string resource;                          ///< arn
  std::map<std::string, std::string> context{};  ///< "aws:sourceidentity", "ssm:resourcetag/os"
};

enum class IamEffect { kNone, kAllow, kDeny };

/// One policy document: identity-based or session policy, which have the same form.
///
/// Statement: Effect; Action or NotAction; Resource or NotResource, with * and ? and policy
/// variables as ${aws:username}; Condition with StringEquals, StringNotEquals,
/// StringEqualsIgnoreCase, StringLike, StringNotLike, ArnLike, ArnEquals, Bool, NumericEquals,
/// NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals,
/// DateLessThan, DateGreaterThan, each also with IfExists, and Null. What it does not know is
/// an error: a test must not pass because a rule was passed over. Source: "Policy evaluation
/// logic" and "JSON policy elements", AWS IAM User Guide.
class IamPolicy {
 public:
  static constexpr std::size_t kMaxSize = 32 << 10;  ///< bytes of a document

  /// A role's trust policy names principals instead of resources: who may do that to the role.
  /// They are taken for the resources of the question.
  enum class Form { kPermissions, kTrust };

  /// Errors: kMalformed with what is wrong; kTooLarge.
  static Result<IamPolicy> parse(std::string_view document, Form form = Form::kPermissions);

  IamEffect evaluate(const IamRequest& request) const;
  /// True when a condition asks for this key to be "true".
  bool asks_for(std::string_view context_key) const;

 private:
  /// Whether one value of a policy and the request's agree.
  using Compare = bool (*)(std::string_view wanted, std::string_view given);
  struct Condition {
    Compare compare = nullptr;  ///< null: the operator Null
    bool negated = false;       ///< no value may agree
    bool if_exists = false;
    std::string key;
    std::vector<std::string> values;
  };
  struct Statement {
    bool allow = false;
    bool not_action = false;
    bool not_resource = false;
    std::vector<std::string> actions;
    std::vector<std::string> resources;
    std::vector<Condition> conditions;
  };
  struct Parser;

  static bool holds(const Condition& condition, const IamRequest& request);
  static bool applies(const Statement& statement, const IamRequest& request);

  std::vector<Statement> statements_;
};

/// Null policies do not restrict: without an identity policy everything is allowed. nullopt:
/// allowed; else why not, in AWS's words: "because no identity-based policy allows the
/// ssm:StartSession action", "with an explicit deny in a session policy".
std::optional<std::string> find_iam_denial(const IamPolicy* identity, const IamPolicy* session,
                                           const IamRequest& request);

/// "lab", "user/lab", "role/ops" or an arn: the arn of the user or role. Errors: kUsage.
Result<std::string> make_principal_arn(std::string_view principal);

}  // namespace passport::lab
