#include "tests/support/conversation.h"

#include <fstream>
#include <stdexcept>

#include <boost/json/parse.hpp>

namespace passport::test {

Bytes decode_hex(std::string_view text) {
  Bytes out;
  if (text.size() % 2 != 0) throw std::runtime_error("odd number of hexadecimal digits");
  for (std::size_t i = 0; i < text.size(); i += 2)
    out.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

std::vector<RecordedFrame> load_conversation(const std::string& name) {
  const auto path = std::string(PASSPORT_TEST_DATA) + "/conversations/" + name + ".jsonl";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<RecordedFrame> frames;
  for (std::string line; std::getline(file, line);) {
    const auto object = boost::json::parse(line).as_object();
    RecordedFrame f;
    f.from_client = object.at("from").as_string() == "client";
    f.text = object.at("kind").as_string() == "text";
    f.bytes = decode_hex(std::string(object.at("hex").as_string()));
    if (!f.text) {
      f.type = std::string(object.at("type").as_string());
      f.sequence_number = object.at("seq").as_int64();
      f.payload_type = object.at("payloadType").as_int64();
    }
    frames.push_back(std::move(f));
  }
  return frames;
}

}  // namespace passport::test
