#include "proxy/forward_spec.h"

#include <gtest/gtest.h>

namespace passport::proxy {
namespace {

TEST(ForwardSpec, ReadsPortsHostsAndAddresses) {
  const auto plain = parse_forward("8080:localhost:80").value();
  EXPECT_EQ(plain.bind, "127.0.0.1");
  EXPECT_EQ(plain.port, 8080);
  EXPECT_EQ(plain.host, "") << "the target itself";
  EXPECT_EQ(plain.remote_port, 80);
  EXPECT_EQ(describe_remote(plain), "localhost:80");

  const auto remote = parse_forward("127.0.0.2:0:db.internal:5432").value();
  EXPECT_EQ(remote.bind, "127.0.0.2");
  EXPECT_EQ(remote.port, 0);
  EXPECT_EQ(remote.host, "db.internal");
  EXPECT_EQ(describe_remote(remote), "db.internal:5432");

  const auto six = parse_forward("[::1]:65535:[fd00::5]:65535").value();
  EXPECT_EQ(six.bind, "::1");
  EXPECT_EQ(six.host, "fd00::5");
  EXPECT_EQ(describe_remote(six), "[fd00::5]:65535");
  EXPECT_EQ(join_host_port(six.bind, six.port), "[::1]:65535");

  for (const char* same :
       {"1:127.0.0.1:2", "1:LocalHost:2", "1:[::1]:2", "localhost:1:localhost:2"})
    EXPECT_EQ(parse_forward(same).value().host, "") << same;
}

TEST(ForwardSpec, ReadsUnixSockets) {
  const auto unix_socket = parse_forward("/run/user/1/db.sock:[fd00::5]:5432").value();
  EXPECT_EQ(unix_socket.path, "/run/user/1/db.sock");
  EXPECT_EQ(unix_socket.host, "fd00::5");
  EXPECT_EQ(unix_socket.remote_port, 5432);
  EXPECT_TRUE(parse_forward("/" + std::string(106, 'x') + ":h:1"));
  EXPECT_FALSE(parse_forward("/" + std::string(107, 'x') + ":h:1"));
}

TEST(ForwardSpec, RefusesAnythingElse) {
  const std::string long_host(254, 'h');
  for (const std::string bad : {"",
                                ":",
                                "::",
                                ":::",
                                "80",
                                "80:h",
                                "80:h:",
                                "80::80",
                                ":h:80",
                                "80:h:0",
                                "80:h:65536",
                                "65536:h:1",
                                "-1:h:1",
                                "+1:h:1",
                                "1x:h:1",
                                "1:h:1x",
                                "1:h h:1",
                                "1:h\n:1",
                                "1:h/x:1",
                                "*:1:h:1",
                                "host:1:h:1",
                                "1:2:3:h:1",
                                "::1:1:h:1",
                                "[::1:1:h:1",
                                "[::1]1:h:1",
                                "1:[fd00::5:80",
                                "1:fd00::5:80",
                                "[::1]:h:1",
                                "/a:b:h:1",
                                "/a:1",
                                "1:[]:1"})
    EXPECT_FALSE(parse_forward(bad)) << bad;
  EXPECT_FALSE(parse_forward("1:" + long_host + ":1"));
  EXPECT_EQ(parse_forward("80:h").error().code, Errc::kUsage);
  EXPECT_NE(parse_forward("80:h").error().detail.find("\"80:h\""), std::string::npos);
}

}  // namespace
}  // namespace passport::proxy
