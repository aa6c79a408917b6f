#include "keyagent/own_memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>

namespace passport::keyagent {
namespace {

constexpr std::size_t kSecureHeap = 256 << 10;  ///< bytes; a power of two
constexpr std::size_t kSmallest = 32;           ///< of its blocks
constexpr std::size_t kStack = 64 << 10;        ///< more than a signature takes

void free_wiped(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  ::explicit_bzero(block, ::malloc_usable_size(block));
  std::free(block);
}

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  return std::malloc(size);
}

/// realloc() may leave the old block as it was.
void* reallocate_wiped(void* block, std::size_t size, const char* file, int line) {
  if (size == 0) {
    free_wiped(block, file, line);
    return nullptr;
  }
  void* out = std::malloc(size);
  if (out != nullptr && block != nullptr) {
    const auto had = ::malloc_usable_size(block);
    std::memcpy(out, block, had < size ? had : size);
    free_wiped(block, file, line);
  }
  return out;
}

}  // namespace

bool guard_own_memory() {
  const bool first = CRYPTO_set_mem_functions(allocate, reallocate_wiped, free_wiped) == 1;
  return CRYPTO_secure_malloc_init(kSecureHeap, kSmallest) == 1 && first;
}

[[gnu::noinline]] void wipe_stack() {
  std::uint8_t below[kStack];
  ::explicit_bzero(below, sizeof below);
}

}  // namespace passport::keyagent
