// Names that somebody thought of to get a line, a quote, a token or a command into a file.
#pragma once
#include <random>
#include <string>
#include <vector>

namespace passport::config_gen {

class HostileNames {
 public:
  explicit HostileNames(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string out;
    for (auto n = 1 + random_() % 5; n-- > 0;) {
      const auto& piece = pieces_[random_() % pieces_.size()];
      for (auto times = random_() % 20 == 0 ? random_() % 600 : 1; times-- > 0;) out += piece;
    }
    if (random_() % 4 == 0) out.insert(random_() % (out.size() + 1), 1, char(random_() % 256));
    return out;
  }
  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
  const std::vector<std::string> pieces_ = {
      "web",
      "Web-01",
      "i-0123456789abcdef0",
      "mi-0123456789abcdef0",
      "i-",
      "rs-0a1b",
      "ar-0123456789abcdef",
      "localhost",
      "none",
      "\n",
      "\r\n",
      "\f",
      "\t",
      " ",
      "  ",
      "\"",
      "'",
      "\\",
      "\\\"",
      "%h",
      "%%",
      "%d%r%u",
      "${HOME}",
      "$(touch canary)",
      "`touch canary`",
      ";touch canary;",
      "|touch canary",
      "&&touch canary",
      "\nHost *\n  ProxyCommand touch canary\n",
      "\n  ProxyCommand touch canary\n",
      "\nMatch exec \"touch canary\"\n",
      "\nInclude /etc/passwd\n",
      "Match all",
      "*",
      "?",
      "!",
      "!*",
      ",",
      "#",
      "=",
      "~",
      "/",
      "../..",
      "-oProxyCommand=touch canary",
      "--",
      "-",
      "_",
      ".",
      "{{ lookup('pipe', 'touch canary') }}",
      "@cert-authority *",
      "|1|",
      "\xf0\x9f\x94\x91",
      "\xc3\xa9t\xc3\xa9",
      "\xe2\x80\xae",
      "\xe2\x80\xa8",
      "\xc2\x85",
      "\xff\xfe",
      "\x1b[31m",
      "\x7f",
      std::string(1, '\0'),
  };
};

}  // namespace passport::config_gen
