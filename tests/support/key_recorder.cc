// Preloaded into passport-agent by a test: what private keys it makes goes, masked, to the file
// that PASSPORT_RECORD names, a line of "NAME HEX" each. Without it nobody could know what to
// look for in the agent's memory.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dlfcn.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <string.h>

namespace {

constexpr unsigned kMask = 0x5a;

void record(std::string_view name, const unsigned char* bytes, int size) {
  const char* path = std::getenv("PASSPORT_RECORD");
  std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "ae");
  if (file == nullptr) return;
  std::fprintf(file, "%.*s ", static_cast<int>(name.size()), name.data());
  for (int i = 0; i < size; ++i) std::fprintf(file, "%02x", bytes[i] ^ kMask);
  std::fputc('\n', file);
  std::fclose(file);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int RAND_priv_bytes(unsigned char* out, int size);
int RAND_priv_bytes(unsigned char* out, int size) {
  constexpr int kSeed = 32;
  static auto* const real = next<int(unsigned char*, int)>("RAND_priv_bytes");
  const int done = real(out, size);
  if (size == kSeed) record("seed", out, size);
  return done;
}

int EVP_PKEY_get_bn_param(const EVP_PKEY* key, const char* name, BIGNUM** number) {
  static auto* const real =
      next<int(const EVP_PKEY*, const char*, BIGNUM**)>("EVP_PKEY_get_bn_param");
  const int done = real(key, name, number);
  unsigned char bytes[1024];
  if (done == 1 && BN_num_bytes(*number) <= static_cast<int>(sizeof bytes))
    record(name, bytes, BN_bn2bin(*number, bytes));
  ::explicit_bzero(bytes, sizeof bytes);
  return done;
}

}  // extern "C"
