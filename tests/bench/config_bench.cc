// An ssh_config of many instances, written: config_bench FOLDER [INSTANCES [ROUNDS]]. Prints
// the median time of rendering and writing, in ms, and one of its names; what was written last
// stays in FOLDER.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include <fmt/format.h>

#include "config-gen/files.h"

using namespace passport;
using namespace passport::config_gen;

namespace {

using wire::ssh::KeyType;

/// As large as one of the type, and no key.
wire::ssh::PublicKey make_key(KeyType type, std::size_t size, std::mt19937& random) {
  wire::ssh::PublicKey out{type, Bytes(size)};
  for (auto& byte : out.blob) byte = static_cast<std::uint8_t>(random());
  return out;
}

CertifiedAccess make_access(unsigned instances) {
  std::mt19937 random(1);
  CertifiedAccess out;
  out.request = "ar-0123456789abcdef";
  out.user = "rs-0a1b";
  out.region = "eu-west-1";
  out.hosts.reserve(instances);
  for (unsigned n = 0; n < instances; ++n) {
    api::Host host{fmt::format("i-{:08x}{:09x}", random(), n)};
    host.keys = {make_key(KeyType::kEd25519, 51, random), make_key(KeyType::kRsa, 407, random),
                 make_key(KeyType::kEcdsaP256, 104, random)};
    host.name = fmt::format("Web Server {}", n);
    out.hosts.push_back(std::move(host));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "";
  const unsigned instances = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 10'000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 15;
  const auto places = find_places(folder, "");
  const api::Service service{"https://passport.example.com", "/home/ann/.token", ""};
  const HeldByRequest held = {
      {"ar-0123456789abcdef", {0, "all", 0, {std::string("ssh-ed25519-cert ") + "x"}}}};
  const auto access = make_access(instances);
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    std::filesystem::remove_all(folder);
    Wanted wanted{{access}, "all", true};
    const auto started = std::chrono::steady_clock::now();
    const auto files = write_files(*places, service, std::move(wanted), held);
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - started;
    if (!files) {
      std::cerr << files.error().detail << '\n';
      return 1;
    }
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  std::cout << fmt::format("{:.1f} web-server-{}\n", times[times.size() / 2], instances / 2);
}
