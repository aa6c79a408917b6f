// Secret: text that must not be printed, and is wiped when it goes.
#pragma once
#include <string>
#include <string_view>

#include <string.h>  // explicit_bzero

namespace passport {

/// Holds a key, token or password. There is no operator<< and no conversion: the one way
/// to the text is reveal(), so that each place that uses it can be found. The bytes that it
/// holds are overwritten when it is destroyed, assigned to or moved from, and so is a string
/// that is given up to it. Others are not: what was made from reveal(), and what the text left
/// behind on its way here (buffers it was read into, strings that grew).
class Secret {
 public:
  Secret() = default;
  explicit Secret(const std::string& text) : text_(text) {}
  explicit Secret(std::string&& text) : text_(text) { wipe(text); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(other.text_) { wipe(other.text_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
      wipe(other.text_);
    }
    return *this;
  }
  ~Secret() { wipe(text_); }

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  static void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());  // which the compiler may not leave out
    text.clear();
  }
  std::string text_;
};

}  // namespace passport
