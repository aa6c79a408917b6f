// Certificates a second: certificate_bench CA KEY SECONDS issues user certificates for the
// public key in the file KEY with the CA key in the file CA, each with randomness of its own.
// Prints the number.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <openssl/rand.h>

#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

using namespace passport;
using namespace passport::wire::ssh;

namespace {

std::string read(const char* path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  auto ca = parse_private_key_file(read(argv[1]));
  const auto key = parse_public_key_line(read(argv[2]));
  if (!ca || !key) return EXIT_FAILURE;
  const auto algorithm = ca->public_key().type == KeyType::kRsa ? SignatureAlgorithm::kRsaSha512
                                                                : SignatureAlgorithm::kEd25519;
  CertificateFields fields;
  fields.key = *key;
  fields.key_id = "bench";
  fields.principals = {"rs-bench"};
  fields.valid_after = 1790000000;
  fields.valid_before = 1790003600;
  fields.extensions = {{"permit-pty", {}}};
  const std::chrono::duration<double> lasts(std::atof(argv[3]));
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> took{};
  long issued = 0;
  for (; took < lasts; ++issued, took = std::chrono::steady_clock::now() - start) {
    Bytes nonce(kNonceSize);
    RAND_bytes(nonce.data(), static_cast<int>(nonce.size()));
    RAND_bytes(reinterpret_cast<unsigned char*>(&fields.serial), sizeof fields.serial);
    if (!issue_certificate(fields, nonce, *ca, algorithm)) return EXIT_FAILURE;
  }
  std::printf("%.0f\n", static_cast<double>(issued) / took.count());
}
