// The HTTP API: from a request to its answer.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "base/secret.h"
#include "net/asio.h"
#include "service/api_answer.h"
#include "service/authorities.h"
#include "service/database.h"
#include "service/label_counts.h"
#include "service/request_actions.h"
#include "service/routes.h"
#include "wire/http.h"

namespace passport::service {

/// What a call brings, once its route is found.
struct ApiCall {
  RouteMatch match;
  Secret token;
  json::object body;
  std::string idempotency_key;
};

/// Answers calls. One transaction each: who calls, may they, what they want, and the Logbook's
/// entry; a refusal is logged as well, with no other change. Answers are not given before the
/// transaction is committed. Errors become {"error": {"code", "message", "hint"?}}.
class Api {
 public:
  Api(const Config& config, Database& database, Authorities& authorities, RandomSource random)
      : config_(config),
        database_(database),
        authorities_(authorities),
        random_(std::move(random)) {}

  /// Takes the step for the call: what SSM has to do with it. Without it sessions are refused.
  std::function<net::Task<Result<ApiAnswer>>(Endpoint, SessionStep)> broker;
  std::function<LabelCounts()> label_counts;  ///< for the metrics
  /// Called after a change that gives the service work to do.
  std::function<void()> on_work;
  void stop() { stopping_ = true; }

  net::Task<wire::HttpResponse> answer(wire::HttpRequest request);

 private:
  struct Scope;

  net::Task<Result<ApiAnswer>> act(ApiCall call);
  net::Task<Result<ApiAnswer>> act_open(Endpoint endpoint);
  net::Task<Error> log_refusal(ApiCall call, Error error);
  Result<ApiAnswer> run(SqlTransaction& transaction, const ApiCall& call);
  Result<ApiAnswer> change(Scope& scope);
  Result<ApiAnswer> show(Scope& scope);
  Result<ApiAnswer> create(Scope& scope);
  Result<ApiAnswer> list(Scope& scope);
  Result<ApiAnswer> read_access(Scope& scope) const;
  Result<ApiAnswer> certify(Scope& scope);
  static Result<ApiAnswer> plan_session(Scope& scope);
  Result<ApiAnswer> list_accounts(const Scope& scope) const;
  static Result<ApiAnswer> read_token(Scope& scope);
  Result<ApiAnswer> read_authorities();

  const Config& config_;
  Database& database_;
  Authorities& authorities_;
  std::mutex authorities_mutex_;  ///< transactions run on several threads
  RandomSource random_;
  bool stopping_ = false;
  std::map<int, std::uint64_t> answered_;  ///< by status
};

}  // namespace passport::service
