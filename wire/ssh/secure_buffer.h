// Bytes of a private key.
#pragma once
#include <new>
#include <span>
#include <utility>

#include <openssl/crypto.h>

#include "base/bytes.h"

namespace passport::wire::ssh {

/// Fixed in size; in libcrypto's secure heap where the program has one
/// (CRYPTO_secure_malloc_init), and wiped when it goes.
class SecureBuffer {
 public:
  /// Zeros. Throws std::bad_alloc when the secure heap is full.
  explicit SecureBuffer(std::size_t size)
      : data_(static_cast<std::uint8_t*>(OPENSSL_secure_zalloc(size))), size_(size) {
    if (data_ == nullptr) throw std::bad_alloc();
  }
  explicit SecureBuffer(ByteView bytes) : SecureBuffer(bytes.size()) {
    for (std::size_t i = 0; i < size_; ++i) data_[i] = bytes[i];
  }
  SecureBuffer(SecureBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SecureBuffer& operator=(SecureBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SecureBuffer() { OPENSSL_secure_clear_free(data_, size_); }

  std::span<std::uint8_t> span() { return {data_, size_}; }
  ByteView view() const { return {data_, size_}; }

 private:
  std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace passport::wire::ssh
