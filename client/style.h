// How this process's output is to look, from its environment and its terminals.
#pragma once
#include "base/colour.h"
#include "client/table.h"

namespace passport::client {

/// For text on the descriptor: now, coloured or not, as wide as its terminal.
TextStyle style_for(int descriptor, Colour wanted);

/// A terminal on which what was written can be drawn over.
bool can_draw(int descriptor);

/// There is somebody to ask: standard input and standard error are terminals.
bool is_interactive();

}  // namespace passport::client
