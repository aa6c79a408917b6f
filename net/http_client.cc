#include "net/http_client.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "net/connect.h"
#include "net/error_text.h"
#include "net/http_io.h"

namespace passport::net {
namespace {

using ResponseParser = http::response_parser<http::string_body>;
using Clock = std::chrono::steady_clock;

/// Idle connections that are kept for one endpoint, and how long: servers close theirs after a
/// minute or so.
constexpr std::size_t kMaxIdle = 4;
constexpr std::chrono::seconds kIdleTime{50};

bool is_visible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
}

Result<std::string> serialize(const wire::Endpoint& endpoint,
                              const wire::HttpRequest& request) {
  if (!is_visible(request.method) || !is_visible(request.target) ||
      !is_visible(endpoint.authority()) || !headers_are_sound(request.headers)) {
    return Error{Errc::kInternal, "request holds characters that HTTP does not allow"};
  }
  auto out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target,
                         endpoint.authority());
  append_headers(out, request.headers);
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  out += "\r\n";
  out += request.body;
  return out;
}

/// One exchange on one connection.
struct Exchange {
  error_code error{};
  bool answered = false;  ///< some byte of an answer came: never to be repeated
  bool reusable = false;
  wire::HttpResponse response{};
};

Task<Exchange> exchange(BufferedStream stream, std::string request, bool is_head,
                        std::size_t max_body) {
  Exchange out;
  stream.append(as_bytes(request));
  out.error = co_await stream.flush();
  if (out.error) co_return out;
  std::optional<ResponseParser> parser;
  do {  // an interim answer, such as 103, is followed by the real one
    parser.emplace();
    parser->header_limit(kMaxHttpHeader);
    parser->body_limit(max_body);
    parser->skip(is_head);
    out.error = co_await read_http(stream, *parser, false);
    out.answered = out.answered || parser->got_some();
    if (out.error) co_return out;
  } while (parser->get().result_int() / 100 == 1);
  auto& message = parser->get();
  out.reusable = message.keep_alive() && !message.need_eof() && stream.buffered().empty();
  out.response.status = static_cast<int>(message.result_int());
  out.response.headers = headers_of(message);
  out.response.body = std::move(message.body());
  co_return out;
}

Error error_of(const wire::Endpoint& endpoint, const error_code& error) {
  const auto name = name_of(endpoint);
  if (error == http::error::body_limit || error == http::error::header_limit ||
      error == asio::error::no_buffer_space) {
    return {Errc::kProtocol, fmt::format("answer from {} is too large", name)};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return {Errc::kUnavailable,
            fmt::format("{} closed the connection without an answer", name)};
  }
  if (error.category() == make_error_code(http::error::bad_version).category()) {
    return {Errc::kProtocol,
            fmt::format("answer from {} is not HTTP: {}", name, describe(error))};
  }
  return {Errc::kUnavailable, fmt::format("connection to {}: {}", name, describe(error))};
}

std::string seconds_text(Clock::duration d) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(d).count());
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(asio::any_io_executor executor, Outbound outbound, std::size_t max_body)
      : executor_(std::move(executor)), outbound_(std::move(outbound)), max_body_(max_body) {}

  const asio::any_io_executor& executor() const { return executor_; }
  const Outbound& outbound() const { return outbound_; }
  std::size_t max_body() const { return max_body_; }

  std::optional<BufferedStream> take_idle(const wire::Endpoint& endpoint) {
    auto& idle = idle_[endpoint.url()];
    while (!idle.empty()) {
      auto kept = std::move(idle.back());
      idle.pop_back();
      if (Clock::now() - kept.since < kIdleTime) return std::move(kept.stream);
    }
    return std::nullopt;
  }

  void keep(const wire::Endpoint& endpoint, BufferedStream stream) {
    auto& idle = idle_[endpoint.url()];
    if (idle.size() >= kMaxIdle) idle.erase(idle.begin());
    idle.push_back({std::move(stream), Clock::now()});
  }

 private:
  struct Idle {
    BufferedStream stream;
    Clock::time_point since;
  };
  asio::any_io_executor executor_;
  Outbound outbound_;
  std::size_t max_body_;
  std::map<std::string, std::vector<Idle>> idle_;
};

HttpClient::HttpClient(asio::any_io_executor executor, Outbound outbound, std::size_t max_body)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(outbound), max_body)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Task<Result<wire::HttpResponse>> HttpClient::send(wire::Endpoint endpoint,
                                                  wire::HttpRequest request,
                                                  Deadline deadline) {
  const auto impl = impl_;
  const auto started = Clock::now();
  const auto text = serialize(endpoint, request);
  if (!text) co_return text.error();
  for (;;) {
    auto kept = impl->take_idle(endpoint);
    const bool fresh = !kept;
    if (fresh) {
      auto connected =
          co_await connect_stream(impl->executor(), impl->outbound(), endpoint, deadline);
      if (!connected) co_return connected.error();
      kept = std::move(*connected);
    }
    const auto watchdog = abort_at(deadline, *kept);
    auto done = co_await exchange(*kept, *text, request.method == "HEAD", impl->max_body());
    if (watchdog.expired()) {
      co_return Error{Errc::kTimeout,
                      fmt::format("no answer from {} within {}", name_of(endpoint),
                                  seconds_text(deadline - started))};
    }
    if (done.error && !fresh && !done.answered) continue;  // the server had closed it
    if (done.error) co_return error_of(endpoint, done.error);
    if (done.reusable) impl->keep(endpoint, *kept);
    co_return std::move(done.response);
  }
}

}  // namespace passport::net
