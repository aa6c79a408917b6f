// Whatever instances are called and paths are: the ssh_config has the lines that it should
// have, and no others.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

#include "config-gen/host_names.h"
#include "config-gen/render.h"
#include "tests/fuzz/target.h"

using namespace passport;
using namespace passport::config_gen;

namespace {

constexpr int kSharedLines = 25;            ///< of a request, and after it
constexpr std::size_t kLongestFolder = 47;  ///< in which connections are shared

/// The next text: a byte that is its length, and so many more.
std::string take(std::string_view& in) {
  if (in.empty()) return {};
  const auto size = std::min<std::size_t>(static_cast<unsigned char>(in[0]), in.size() - 1);
  std::string out(in.substr(1, size));
  in.remove_prefix(1 + size);
  return out;
}

void require(bool good) {
  if (!good) std::abort();
}

bool is_alias(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
             std::string_view::npos &&
         !text.starts_with('-') && !text.starts_with('.');
}

/// "Host ID [ALIAS]" and "  HostName ID".
void check_host(std::istringstream& text, const api::Host& host) {
  std::string line;
  std::getline(text, line);
  const auto start = "Host " + host.id;
  require(line.starts_with(start));
  if (line.size() > start.size())
    require(line[start.size()] == ' ' && is_alias(line.substr(start.size() + 1)));
  std::getline(text, line);
  require(line == "  HostName " + host.id);
}

void check_rest(std::istringstream& text, bool shared) {
  constexpr std::array<std::string_view, 3> kPaths = {
      "  IdentityAgent \"/", "  UserKnownHostsFile \"/", "  IdentityFile \"/"};
  int lines = 0;
  for (std::string line; std::getline(text, line); ++lines) {
    for (const auto start : kPaths)
      if (line.starts_with(start))
        require(line.ends_with('"') &&
                line.find_first_of("\"\\\n\r", start.size()) == line.size() - 1);
    require(std::all_of(line.begin(), line.end(),
                        [](unsigned char c) { return c >= ' ' && c != 127; }));
  }
  require(lines == (shared ? kSharedLines : kSharedLines - 1));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  ConfigPlan plan;
  plan.agent_socket = "/" + take(in);
  plan.known_hosts = "/" + take(in);
  plan.control_folder = "/" + take(in);
  plan.proxy_command = {take(in), take(in)};
  CertifiedAccess access;
  access.request = "ar-1";
  access.user = "rs-1";
  access.certificate_files = {"/" + take(in)};
  for (int n = 10; n < 20 && !in.empty(); ++n)
    access.hosts.push_back({"i-000000" + std::to_string(n), {}, take(in), {}, {}});
  if (access.hosts.empty()) return 0;
  plan.accesses = {access};
  const auto rendered = render_ssh_config(plan, false);
  if (!rendered) return 0;
  std::istringstream text(*rendered);
  std::string header;
  std::getline(text, header);
  require(header + "\n" == kHeader);
  for (const auto& host : access.hosts) check_host(text, host);
  check_rest(text, plan.control_folder.size() <= kLongestFolder);
  return 0;
}
