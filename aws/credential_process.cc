#include "aws/credential_process.h"

#include <utility>

#include <openssl/crypto.h>

#include "net/command.h"
#include "wire/aws/credential_messages.h"

namespace passport::aws {
namespace {

Error unusable(std::string detail) {
  return {Errc::kConfig, std::move(detail)};
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        end_word();
      } else if (c == '\'' || c == '"') {
        if (!take_quoted(c)) return unusable("a quote in it does not end");
      } else if (c == '\\') {
        if (++at_ == text_.size()) return unusable("it ends in a backslash");
        add(text_[at_]);
      } else {
        add(c);
      }
    }
    end_word();
    if (words_.empty()) return unusable("it is empty");
    return std::move(words_);
  }

 private:
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  /// Stops at the closing quote. In double quotes a backslash hides '"' and itself, no more.
  bool take_quoted(char quote) {
    in_word_ = true;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) return true;
      const bool escape = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                          (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escape) ++at_;
      word_ += text_[at_];
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  return Splitter(command).run();
}

net::Task<Result<wire::aws::IssuedKey>> run_credential_process(std::string text,
                                                               net::Deadline deadline) {
  auto words = split_command(text);
  if (!words) co_return words.error();
  net::Command command;
  command.words = std::move(*words);
  auto end = co_await net::run_command(std::move(command), deadline);
  if (!end) co_return end.error();
  auto key = wire::aws::parse_process_credentials(end->output);
  OPENSSL_cleanse(end->output.data(), end->output.size());
  if (end->status != 0) co_return Error{Errc::kUnavailable, net::describe_status(end->status)};
  if (!key) co_return unusable(key.error().detail);
  co_return std::move(*key);
}

}  // namespace passport::aws
