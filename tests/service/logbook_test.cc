// What a Logbook's export says of itself, and that nobody can make it say something else.
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "service/logbook_verifier.h"
#include "wire/ssh/private_key.h"

namespace passport::service {
namespace {

using wire::ssh::PrivateKey;
using Lines = std::vector<std::string>;

PrivateKey make_key(std::uint8_t seed) {
  return std::move(*PrivateKey::from_ed25519_seed(Bytes(32, seed)));
}

/// A service's Logbook, as it grows.
class Book {
 public:
  explicit Book(std::string name, std::uint8_t key = 1)
      : name_(std::move(name)), key_(make_key(key)) {}

  void add(int records) {
    for (int i = 0; i < records; ++i) {
      LogRecord record = last_;
      ++record.sequence;
      record.at += 1000;
      record.actor = name_;
      record.action = "request.create";
      record.object = "ar-" + std::to_string(record.sequence);
      record.outcome = "ok";
      record.details = "{\"reason\":\"a \\\"test\\\"\"}";
      record.previous = last_.sequence == 0 ? std::string(kFirstPrevious) : last_.hash;
      record.hash = hash_record(record);
      last_ = record;
      lines.push_back(render_log_line(record));
    }
  }
  void seal() {
    Checkpoint next{last_.sequence, last_.at, last_.hash, std::string(kFirstPrevious), ""};
    if (checkpoint_.sequence != 0) next.previous = hash_checkpoint(checkpoint_);
    EXPECT_TRUE(sign_checkpoint(next, key_));
    checkpoint_ = next;
    lines.push_back(render_log_line(next));
    checkpoints.push_back(lines.back());
  }

  Lines lines{};
  Lines checkpoints{};

 private:
  std::string name_;
  PrivateKey key_;
  LogRecord last_;
  Checkpoint checkpoint_;
};

Book make_book(const std::string& name, std::uint8_t key = 1) {
  Book book(name, key);
  for (int i = 0; i < 3; ++i) {
    book.add(3);
    book.seal();
  }
  return book;
}

std::string join(const Lines& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

/// As the program reads it: every line ends with a line feed.
Result<void> verify_text(std::string_view text, const Lines& kept, std::uint8_t key = 1) {
  auto verifier = LogbookVerifier::make({make_key(key).public_key()});
  for (const auto& line : kept)
    if (auto done = verifier->keep(line); !done) return done;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return Error{Errc::kMalformed, "no line feed"};
    if (auto done = verifier->read(text.substr(0, end)); !done) return done;
    text.remove_prefix(end + 1);
  }
  return verifier->finish();
}

void expect_denied(const Lines& lines, const Lines& kept, std::string_view detail) {
  const auto verified = verify_text(join(lines), kept);
  ASSERT_FALSE(verified) << detail;
  EXPECT_EQ(verified.error().code, Errc::kDenied);
  EXPECT_EQ(verified.error().detail, detail);
}

TEST(Logbook, HoldsAsItWasWritten) {
  auto book = make_book("ann");
  EXPECT_TRUE(verify_text(join(book.lines), {}));
  EXPECT_TRUE(verify_text(join(book.lines), book.checkpoints));
  EXPECT_TRUE(verify_text(join(book.lines), {book.checkpoints.back()}));
  book.add(2);  // nothing holds these yet, but they are no lie
  EXPECT_TRUE(verify_text(join(book.lines), {book.checkpoints.back()}));
}

TEST(Logbook, SaysWhereItDoesNotHold) {
  const auto book = make_book("ann");
  const auto& kept = book.checkpoints;
  auto lines = book.lines;
  lines.erase(lines.begin() + 1);
  expect_denied(lines, kept, "line 2: record 3 stands where 2 belongs");

  lines = book.lines;
  lines[1].replace(lines[1].find("\"ok\""), 4, "\"no\"");
  expect_denied(lines, kept, "line 2: record 2 was changed");

  lines = book.lines;
  lines[4] = make_book("bob").lines[4];
  expect_denied(lines, kept, "line 5: record 4 does not follow the one before it");

  lines = book.lines;
  lines.erase(lines.begin() + 3);
  expect_denied(lines, kept,
                "line 7: the checkpoint at record 6 does not follow the one before it");

  lines = book.lines;
  std::swap(lines[2], lines[3]);
  expect_denied(lines, kept, "line 3: the checkpoint at record 3 stands after record 2");

  lines = book.lines;
  lines.resize(8);
  expect_denied(
      lines, {kept.back()},
      "the checkpoint at record 9, which was kept, is not in it: it ends with record 6");
  expect_denied({}, {}, "it has no checkpoint, so nothing holds it");
  expect_denied({book.lines[0]}, {}, "it has no checkpoint, so nothing holds it");
}

TEST(Logbook, IsHeldByItsKeysAlone) {
  const auto forged = make_book("ann", 2);
  expect_denied(forged.lines, {},
                "line 4: the checkpoint at record 3 is not signed with a key that is known");
  expect_denied(
      make_book("ann").lines, forged.checkpoints,
      "checkpoints' line 1: the checkpoint at record 3 is not signed with a key that is "
      "known");
  EXPECT_TRUE(verify_text(join(forged.lines), {}, 2));
  // One of several.
  auto verifier = LogbookVerifier::make({make_key(1).public_key(), make_key(2).public_key()});
  for (const auto& line : forged.lines) EXPECT_TRUE(verifier->read(line));
  EXPECT_TRUE(verifier->finish());
  EXPECT_EQ(verifier->records(), 9);
  EXPECT_EQ(verifier->checkpoint().sequence, 9);
  EXPECT_EQ(LogbookVerifier::make({}).error().code, Errc::kUsage);
}

TEST(Logbook, KeptCheckpointsFollowEachOther) {
  const auto book = make_book("ann");
  const auto& kept = book.checkpoints;
  expect_denied(book.lines, {kept[0], kept[2]},
                "checkpoints' line 2: the checkpoint at record 9 does not follow that at 3");
  expect_denied(book.lines, {kept[1], kept[0]},
                "checkpoints' line 2: the checkpoint at record 3 does not follow that at 6");
  EXPECT_TRUE(verify_text(join(book.lines), {kept[1], kept[2]}));
  EXPECT_EQ(verify_text(join(book.lines), {book.lines[0]}).error().code, Errc::kMalformed);
}

TEST(Logbook, LinesHaveOneForm) {
  const auto book = make_book("ann");
  for (const auto& line : book.lines) {
    const auto parsed = parse_log_line(line);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(render_log_line(*parsed), line);
  }
  auto wrong = book.lines[0];
  wrong.insert(1, " ");
  for (const auto& text :
       {wrong, std::string("{}"), std::string("[]"), std::string(),
        std::string("{\"checkpoint\":{}}"), book.lines[0] + "\r", book.lines[0].substr(0, 20)})
    EXPECT_EQ(parse_log_line(text).error().code, Errc::kMalformed) << text;
  EXPECT_EQ(parse_log_line(std::string(kMaxLogLine + 1, ' ')).error().code, Errc::kTooLarge);
}

/// Somebody with the export, and with all hashes, but without the key.
class Forger {
 public:
  explicit Forger(std::uint64_t seed) : random_(seed) {}

  std::string change(const Lines& lines) {
    std::string text = join(lines);
    const auto at = pick(text.size());
    switch (pick(10)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        return text;
      case 1:
        return text.erase(at, 1 + pick(200));
      case 2:
        return text.insert(at, 1, static_cast<char>(random_()));
      case 3:
        return text.substr(0, at);
      case 4:
        return text.substr(at);
      default:
        return join(change_lines(lines));
    }
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  Lines change_lines(Lines lines) {
    const auto a = pick(lines.size());
    const auto b = pick(lines.size());
    switch (pick(6)) {
      case 0:
        lines.erase(lines.begin() + static_cast<long>(a));
        return lines;
      case 1:
        lines.insert(lines.begin() + static_cast<long>(b), lines[a]);
        return lines;
      case 2:
        std::swap(lines[a], lines[b]);
        return lines;
      case 3:
        lines[a] = other_.lines[b];
        return lines;
      case 4:  // another Logbook of the same service from there on; at 0 all of it
        std::copy(other_.lines.begin() + static_cast<long>(a), other_.lines.end(),
                  lines.begin() + static_cast<long>(a));
        return lines;
      default:
        return change_and_hash(std::move(lines), a);
    }
  }

  /// The best that can be done without the key: a record changed or left out, and all hashes
  /// and numbers after it made good.
  Lines change_and_hash(Lines lines, std::size_t at) {
    Lines out;
    LogRecord last;
    const bool leave_out = pick(2) == 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto parsed = parse_log_line(lines[i]);
      if (auto* record = std::get_if<LogRecord>(&*parsed)) {
        if (i == at && leave_out) continue;
        if (i == at) record->actor = "eve";
        record->sequence = last.sequence + 1;
        record->previous = last.sequence == 0 ? std::string(kFirstPrevious) : last.hash;
        record->hash = hash_record(*record);
        last = *record;
      } else {
        auto& checkpoint = std::get<Checkpoint>(*parsed);
        checkpoint.sequence = last.sequence;
        checkpoint.hash = last.hash;
      }
      out.push_back(render_log_line(*parsed));
    }
    return out;
  }

  std::mt19937_64 random_;
  Book other_ = make_book("bob");
};

TEST(Logbook, EveryChangeIsFound) {
  constexpr int kChanges = 10'000;
  const char* given = std::getenv("PASSPORT_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("seed %llu (repeat with PASSPORT_SEED)\n", static_cast<unsigned long long>(seed));
  const auto book = make_book("ann");
  const auto original = join(book.lines);
  const Lines kept = {book.checkpoints.back()};
  Forger forger(seed);
  int changed = 0;
  while (changed < kChanges) {
    const auto text = forger.change(book.lines);
    if (text == original) continue;
    ++changed;
    ASSERT_FALSE(verify_text(text, kept)) << "change " << changed << ":\n" << text;
  }
}

/// An older export is whole in itself: only a checkpoint kept elsewhere tells.
TEST(Logbook, AnOlderExportIsFoundByTheLastCheckpoint) {
  const auto book = make_book("ann");
  for (const std::size_t size : {4, 8}) {
    const Lines older(book.lines.begin(), book.lines.begin() + static_cast<long>(size));
    EXPECT_TRUE(verify_text(join(older), {}));
    EXPECT_FALSE(verify_text(join(older), {book.checkpoints.back()}));
  }
}

}  // namespace
}  // namespace passport::service
