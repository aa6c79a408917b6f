// Tells people of what they have to know at once, through a program of the operator's.
#pragma once
#include <optional>
#include <string>

#include "net/event.h"
#include "service/config.h"
#include "service/database.h"

namespace passport::service {

struct Notice {
  std::string request{};
  std::string event{};  ///< "break_glass" or "pending"
  std::int64_t attempts = 0;
  std::string text{};  ///< JSON, for the program's standard input
};

/// Part of the transaction that makes the request: `event` is told even if the service dies
/// now.
Result<void> insert_notice(SqlTransaction& transaction, const std::string& request,
                           const std::string& event);

/// The next one that is due, for nobody else until kNoticeLease has passed.
Result<std::optional<Notice>> claim_notice(SqlTransaction& transaction);

/// `why`: empty when the program said that it was told. Else it is tried again, for a day.
Result<bool> take_told(SqlTransaction& transaction, const Notice& notice,
                       const std::string& why);

inline constexpr std::chrono::seconds kNoticeTime{30};       ///< for the program
inline constexpr std::int64_t kNoticeLease = 60'000;         ///< ms
inline constexpr std::int64_t kNoticePatience = 86'400'000;  ///< ms from the first attempt

/// Runs the program of the configuration's `notify` for one notice after the other, each at
/// least once.
class Notices {
 public:
  Notices(const net::asio::any_io_executor& executor, const Config& config, Database& database)
      : config_(config), database_(database), wake_(executor) {}

  net::Task<void> run();  ///< until stop(); without a program not at all
  void wake() { wake_.notify(); }
  void stop() {
    stopping_ = true;
    wake_.notify();
  }

  /// One attempt. False: none is due, or the database does not say.
  net::Task<bool> tell_next();

 private:
  const Config& config_;
  Database& database_;
  net::Event wake_;
  bool stopping_ = false;
};

}  // namespace passport::service
