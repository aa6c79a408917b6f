#include "client/repeat_key.h"

#include <array>
#include <fstream>

#include <boost/json/serialize.hpp>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/private_file.h"
#include "base/text.h"
#include "net/random.h"

namespace passport::client {
namespace {

std::string digest_of(const std::string& text) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(text);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

bool is_recent(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return false;
  const auto age =
      std::chrono::system_clock::now() - std::chrono::system_clock::from_time_t(file.st_mtime);
  return age >= std::chrono::seconds(0) && age < RepeatKey::kKept;
}

}  // namespace

RepeatKey::RepeatKey(const std::string& token_file, const json::object& body)
    : path_(token_file + ".asked") {
  const auto digest = digest_of(json::serialize(body));
  std::string of;
  if (std::ifstream file(path_);
      is_recent(path_) && file >> of >> key_ && of == digest && key_.size() == 32) {
    used_before_ = true;
    return;
  }
  key_ = encode_hex(net::random_uuids()());
  // Without the file it is asked all the same: what is lost is the memory of it.
  (void)aws::save_private_file(path_, digest + " " + key_ + "\n");
}

void RepeatKey::forget() const {
  ::unlink(path_.c_str());
}

}  // namespace passport::client
