// Received bytes count the same messages however they are split.
#include <algorithm>
#include <cstdlib>

#include "net/frame_scanner.h"
#include "tests/fuzz/target.h"

using namespace passport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + 1U;
  const ByteView in(data + 1, size - 1);
  net::FrameScanner whole;
  whole.feed(in);
  net::FrameScanner pieces;
  for (std::size_t at = 0; at < in.size(); at += step)
    pieces.feed(in.subspan(at, std::min(step, in.size() - at)));
  if (whole.messages() != pieces.messages()) std::abort();
  return 0;
}
