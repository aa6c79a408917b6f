// Recorded data-channel conversations between the real session-manager-plugin and
// amazon-ssm-agent.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"

namespace passport::test {

struct RecordedFrame {
  bool from_client = false;
  bool text = false;
  Bytes bytes;
  std::string type;  ///< the recorder's own reading of the header, where there is one
  std::int64_t sequence_number = 0;
  std::int64_t payload_type = 0;
};

/// Frames of tests/data/conversations/NAME.jsonl in the order in which the relay got them.
/// Throws std::runtime_error when the file cannot be read.
std::vector<RecordedFrame> load_conversation(const std::string& name);

/// Bytes of hexadecimal text. Throws std::runtime_error on anything else.
Bytes decode_hex(std::string_view text);

}  // namespace passport::test
