#include "client/style.h"

#include <chrono>
#include <cstdlib>

#include <unistd.h>

#include "net/terminal.h"

namespace passport::client {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

TextStyle style_for(int descriptor, Colour wanted) {
  const ColourHints hints{variable("NO_COLOR"), variable("CLICOLOR_FORCE"), variable("TERM")};
  const auto size = net::find_terminal_size(descriptor);
  return {std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()),
          use_colour(wanted, hints, net::is_terminal(descriptor)), size ? size->cols : 0};
}

bool can_draw(int descriptor) {
  return net::is_terminal(descriptor) && variable("TERM") != "dumb";
}

bool is_interactive() {
  return net::is_terminal(STDIN_FILENO) && net::is_terminal(STDERR_FILENO);
}

}  // namespace passport::client
