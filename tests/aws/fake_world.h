// A world for calls to AWS in which nothing is real: scripted answers, a clock and files of the
// test's own.
#pragma once
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "aws/credential_chain.h"
#include "aws/settings.h"
#include "aws/world.h"
#include "tests/support/run_task.h"

namespace passport::aws {

/// No text that a user sees may hold one of these.
inline constexpr std::string_view kCanary = "canary";

inline void expect_no_secret(const Error& error) {
  EXPECT_EQ(error.detail.find(kCanary), std::string::npos) << error.detail;
  EXPECT_EQ(error.hint.find(kCanary), std::string::npos) << error.hint;
}

class FakeWorld {
 public:
  struct Sent {
    wire::Endpoint endpoint;
    wire::HttpRequest request;
    net::Deadline deadline;
  };

  FakeWorld() {
    std::string name = std::filesystem::temp_directory_path() / "passport-aws-XXXXXX";
    home = ::mkdtemp(name.data());
    std::filesystem::create_directory(home / ".aws");
    variables["HOME"] = home;
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  ~FakeWorld() { std::filesystem::remove_all(home); }
  FakeWorld(const FakeWorld&) = delete;
  FakeWorld& operator=(const FakeWorld&) = delete;

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(home / name) << text;
    return home / name;
  }
  void config(const std::string& text) const { write(".aws/config", text); }
  void shared_credentials(const std::string& text) const { write(".aws/credentials", text); }

  Environment environment() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      if (at == variables.end()) return {};
      return at->second;
    };
  }

  /// Answers come in the order given; after the last, connections fail.
  World world() {
    World out;
    out.environment = environment();
    out.now = [this] { return now; };
    out.sleep = [this](std::chrono::milliseconds time) -> net::Task<void> {
      slept.push_back(time);
      co_return;
    };
    out.jitter = [this] { return jitter; };
    out.send = [this](wire::Endpoint endpoint, wire::HttpRequest request,
                      net::Deadline deadline) -> net::Task<Result<wire::HttpResponse>> {
      sent.push_back({std::move(endpoint), std::move(request), deadline});
      if (answers.empty()) co_return Error{Errc::kUnavailable, "connection refused"};
      auto answer = std::move(answers.front());
      answers.pop_front();
      co_return answer;
    };
    return out;
  }

  void answer(int status, std::string body, wire::HttpHeaders headers = {}) {
    answers.push_back(wire::HttpResponse{status, std::move(headers), std::move(body)});
  }
  void fail(Errc code) { answers.push_back(Error{code, "connection to h: broken"}); }

  Result<Settings> load(const SettingsChoice& choice = {}) const {
    return load_settings(environment(), choice);
  }

  template <class T>
  T run(net::Task<T> task) {
    return test::run_task(io, std::move(task));
  }

  std::map<std::string, std::string, std::less<>> variables;
  std::filesystem::path home;
  std::chrono::sys_seconds now{std::chrono::seconds(1440938160)};  // 2015-08-30T12:36:00Z
  double jitter = 0.5;
  std::deque<Result<wire::HttpResponse>> answers;
  std::vector<Sent> sent;
  std::vector<std::chrono::milliseconds> slept;
  net::asio::io_context io;
};

inline net::Deadline soon() {
  return net::deadline_in(std::chrono::seconds(30));
}

}  // namespace passport::aws
