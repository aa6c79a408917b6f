// Prints a script for an instance, for tests that run it: as the service would render it.
#include <iostream>
#include <string_view>

#include <sysexits.h>

#include "service/instance_script.h"

using namespace passport::service;  // NOLINT(google-build-using-namespace): a test's program

namespace {

constexpr char kUsage[] =
    "usage: instance_script provision|remove USER GENERATION END ISSUED_MS [yes|no CA_KEY...]\n"
    "       instance_script sweep ISSUED_MS [USER...]\n";

passport::Result<std::string> render(const std::vector<std::string>& words) {
  if (words.at(0) == "sweep")
    return render_sweep_script({words.begin() + 2, words.end()}, std::stoll(words.at(1)));
  const UserScript script{words.at(1), std::stoll(words.at(2)), std::stoll(words.at(3)),
                          std::stoll(words.at(4))};
  if (words.at(0) == "remove") return render_remove_script(script);
  std::vector<passport::wire::ssh::PublicKey> authorities;
  for (std::size_t i = 6; i < words.size(); ++i) {
    auto key = passport::wire::ssh::parse_public_key_line(words[i]);
    if (!key) return key.error();
    authorities.push_back(std::move(*key));
  }
  return render_provision_script(script, authorities, words.at(5) == "yes");
}

}  // namespace

int main(int argc, char** argv) try {
  const auto script = render({argv + 1, argv + argc});
  if (!script) {
    std::cerr << script.error().detail << '\n';
    return EX_DATAERR;
  }
  std::cout << *script;
  return EX_OK;
} catch (const std::exception&) {
  std::cerr << kUsage;
  return EX_USAGE;
}
