// Signatures a second of an ssh-agent, ours or another: agent_bench SOCKET TYPE CONNECTIONS
// SECONDS signs what a login signs with the first identity whose type begins with TYPE. Prints
// the number.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/ssh/encoding.h"

using namespace passport;
using wire::ssh::append_string;
using wire::ssh::read_string;

namespace {

constexpr std::uint8_t kRequestIdentities = 11;
constexpr std::uint8_t kSignRequest = 13;
constexpr std::uint8_t kSignResponse = 14;
constexpr std::uint32_t kRsaSha512 = 4;
constexpr std::size_t kLoginSize = 300;  // bytes, about what a login with a certificate signs

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "agent_bench: %s\n", what);
  std::exit(EXIT_FAILURE);
}

class Connection {
 public:
  explicit Connection(const char* path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect");
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Bytes ask(const Bytes& message) {
    Bytes out;
    append_u32(out, static_cast<std::uint32_t>(message.size()));
    append(out, message);
    if (::send(fd_, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size()))
      fail("cannot send");
    Bytes answer(read(4));
    ByteReader in(answer);
    return read(in.u32());
  }

 private:
  Bytes read(std::size_t size) const {
    Bytes out(size);
    if (::recv(fd_, out.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      fail("the agent went away");
    return out;
  }
  int fd_;
};

Bytes find_identity(const char* path, std::string_view type) {
  const auto answer = Connection(path).ask({kRequestIdentities});
  ByteReader in(ByteView(answer).subspan(1));
  for (auto left = in.u32(); left > 0 && in.ok(); --left) {
    const auto blob = read_string(in);
    (void)read_string(in);
    ByteReader name(blob);
    if (as_text(read_string(name)).starts_with(type)) return {blob.begin(), blob.end()};
  }
  fail("no such identity");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) fail("want SOCKET TYPE CONNECTIONS SECONDS");
  const auto blob = find_identity(argv[1], argv[2]);
  Bytes request = {kSignRequest};
  append_string(request, blob);
  append_string(request, Bytes(kLoginSize, 'x'));
  append_u32(request, std::string_view(argv[2]).starts_with("ssh-rsa") ? kRsaSha512 : 0);
  const auto connections = static_cast<std::size_t>(std::atoi(argv[3]));
  const std::chrono::duration<double> lasts(std::atof(argv[4]));
  const auto start = std::chrono::steady_clock::now();
  std::atomic<long> signatures = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < connections; ++i)
    threads.emplace_back([&] {
      Connection connection(argv[1]);
      while (std::chrono::steady_clock::now() - start < lasts) {
        if (connection.ask(request)[0] != kSignResponse) fail("refused");
        ++signatures;
      }
    });
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.0f\n", static_cast<double>(signatures) / took.count());
}
