// One session from credentials to its end: what every mode of passport-proxy does.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "aws/settings.h"
#include "aws/ssm.h"
#include "proxy/link.h"
#include "proxy/local_side.h"
#include "proxy/service_choice.h"
#include "wire/ssm/client_channel.h"

namespace passport::proxy {

struct SessionPlan {
  aws::SettingsChoice settings;
  std::optional<ServiceChoice> service{};  ///< passportd, instead of AWS itself
  aws::StartSessionRequest request;
  std::optional<aws::Session> started{};  ///< by another program: carried, not started
  wire::ssm::ClientConfig channel{};      ///< token, client id and clock are filled in
  LinkConfig link{};
  unsigned start_rate = 0;  ///< sessions a second that all who say so start; 0: no limit
  /// Made before AWS is called, so that what cannot work here fails first.
  std::function<Result<std::unique_ptr<LocalSide>>(const net::asio::any_io_executor&)>
      make_local;
};

/// Starts the session and carries it until one side ends. Returns the exit status; everything
/// that went wrong has been said on stderr.
int run_session(SessionPlan plan);

/// The same for several, at least one, with the settings and credentials of the first. All
/// local sides are made before AWS is called; when one session ends, so do the others.
int run_sessions(std::vector<SessionPlan> plans);

}  // namespace passport::proxy
