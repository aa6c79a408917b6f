// Secret: text that must not be printed, and is wiped when it goes.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace passport {

/// Holds a key, token or password. There is no operator<< and no conversion: the one way
/// to the text is reveal(), so that each place that uses it can be found. The bytes are
/// overwritten on destruction and assignment; copies made from reveal() are the caller's.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void wipe() {
    volatile char* p =
        text_.data();  // volatile: the stores must stay although nobody reads them
    for (std::size_t i = 0; i < text_.size(); ++i) p[i] = 0;
    text_.clear();
  }
  std::string text_;
};

}  // namespace passport
