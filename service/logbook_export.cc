#include "service/logbook_export.h"

#include <fstream>
#include <functional>
#include <ostream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "service/logbook.h"
#include "service/logbook_verifier.h"
#include "wire/aws/time.h"

namespace passport::service {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

Error cannot_read(const std::string& path) {
  return {Errc::kNotFound, escape_for_terminal(path) + ": it cannot be read"};
}

/// Each line to `visit`, without its line feed, until an error.
Result<void> visit_lines(const std::string& path,
                         const std::function<Result<void>(std::string_view)>& visit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return cannot_read(path);
  const auto at_file = [&](const Error& error) {
    return Error{error.code, fmt::format("{}: {}", escape_for_terminal(path), error.detail)};
  };
  std::string line(kMaxLogLine + 2, '\0');
  while (file.getline(line.data(), static_cast<std::streamsize>(line.size()))) {
    if (file.eof()) return at_file(Error{Errc::kMalformed, "it ends in the middle of a line"});
    const auto size = static_cast<std::size_t>(file.gcount()) - 1;
    if (auto visited = visit(std::string_view(line).substr(0, size)); !visited)
      return at_file(visited.error());
  }
  if (file.bad()) return cannot_read(path);
  if (!file.eof()) return at_file(Error{Errc::kTooLarge, "a line is too long"});
  return {};
}

Result<std::vector<wire::ssh::PublicKey>> load_keys(const std::string& path) {
  std::vector<wire::ssh::PublicKey> keys;
  const auto add = [&](std::string_view line) -> Result<void> {
    if (line.empty() || line.starts_with('#')) return {};
    auto key = wire::ssh::parse_public_key_line(line);
    if (!key) return key.error();
    if (keys.size() < LogbookVerifier::kMaxKeys + 1) keys.push_back(std::move(*key));
    return {};
  };
  if (auto read = visit_lines(path, add); !read) return read.error();
  return keys;
}

Result<void> visit_database(const std::string& where,
                            const std::function<Result<void>(const LogLine&)>& visit) {
  // Connecting would make it.
  if (where.starts_with(kSqlite) && ::access(where.c_str() + kSqlite.size(), R_OK) != 0)
    return cannot_read(where.substr(kSqlite.size()));
  auto connection = connect_database(where);
  if (!connection) return connection.error();
  return visit_logbook(**connection, visit);
}

Result<void> finish(std::ostream& out) {
  if (out.flush()) return {};
  return Error{Errc::kUnavailable, "the output cannot be written"};
}

std::string render_time(std::int64_t ms) {
  return wire::aws::encode_iso8601(std::chrono::sys_seconds(std::chrono::seconds(ms / 1000)));
}

bool fits(const LogRecord& record, const ShowWish& wish) {
  return record.at >= wish.since && record.at <= wish.until &&
         (wish.actor.empty() || record.actor == wish.actor) &&
         (wish.object.empty() || record.object == wish.object);
}

}  // namespace

Result<void> export_logbook(const std::string& database, std::ostream& out) {
  const auto write = [&](const LogLine& line) -> Result<void> {
    out << render_log_line(line) << '\n';
    if (out) return {};
    return finish(out);
  };
  if (auto done = visit_database(database, write); !done) return done;
  return finish(out);
}

Result<void> verify_logbook(const VerifyWish& wish, std::ostream& out) {
  auto keys = load_keys(wish.public_keys);
  if (!keys) return keys.error();
  auto verifier = LogbookVerifier::make(std::move(*keys));
  if (!verifier) return verifier.error();
  if (!wish.checkpoints.empty()) {
    const auto keep = [&](std::string_view line) { return verifier->keep(line); };
    if (auto done = visit_lines(wish.checkpoints, keep); !done) return done;
  }
  const auto read = [&](std::string_view line) { return verifier->read(line); };
  if (auto done = visit_lines(wish.file, read); !done) return done;
  if (auto done = verifier->finish(); !done)
    return Error{done.error().code,
                 fmt::format("{}: {}", escape_for_terminal(wish.file), done.error().detail)};
  const auto& checkpoint = verifier->checkpoint();
  out << fmt::format("{} records; they hold up to the checkpoint at record {}, of {}\n",
                     verifier->records(), checkpoint.sequence, render_time(checkpoint.at));
  return finish(out);
}

Result<void> show_logbook(const ShowWish& wish, std::ostream& out) {
  const auto show = [&](const LogLine& line) -> Result<void> {
    const auto* record = std::get_if<LogRecord>(&line);
    if (record == nullptr || !fits(*record, wish)) return {};
    if (wish.json)
      out << render_log_line(line) << '\n';
    else
      out << fmt::format("{} {} {} {} {} {} {}\n", record->sequence, render_time(record->at),
                         escape_for_terminal(record->actor),
                         escape_for_terminal(record->action),
                         record->object.empty() ? "-" : escape_for_terminal(record->object),
                         escape_for_terminal(record->outcome),
                         escape_for_terminal(record->details, kMaxLogLine));
    if (out) return {};
    return finish(out);
  };
  if (!wish.database.empty()) {
    if (auto done = visit_database(wish.database, show); !done) return done;
    return finish(out);
  }
  const auto parse = [&](std::string_view line) -> Result<void> {
    const auto parsed = parse_log_line(line);
    if (!parsed) return parsed.error();
    return show(*parsed);
  };
  if (auto done = visit_lines(wish.file, parse); !done) return done;
  return finish(out);
}

}  // namespace passport::service
