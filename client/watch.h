// Somebody who waits for a request: what is shown meanwhile, and what ctrl-C says.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "api/service_client.h"
#include "client/progress.h"

namespace passport::client {

/// Progress is on standard error: lines that are drawn over on a terminal, else one for each
/// change. While it lives SIGINT, SIGTERM and SIGHUP take that away, say `words` and then end
/// the process as they do without it.
class Watch {
 public:
  Watch(const net::asio::any_io_executor& executor, TextStyle style, Error words);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void says(Error words);
  void show(const json::object& request);
  void clear();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

struct WaitPlan {
  std::chrono::seconds patience{600};
  std::string only_instance{};  ///< empty: all of the request's
};

/// Looks at the request every second until nothing changes by itself any more, and returns it
/// as it is then. Errors: kTimeout: it goes on without us; those of ServiceClient::call().
net::Task<Result<json::object>> wait_until_settled(api::ServiceClient& service,
                                                   json::object request, Watch& watch,
                                                   WaitPlan plan);

}  // namespace passport::client
