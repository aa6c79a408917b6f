// Randomness, as pure code takes it.
#pragma once
#include <cstdint>
#include <functional>
#include <span>

namespace passport::keyagent {

/// Fills with random bytes.
using RandomSource = std::function<void(std::span<std::uint8_t>)>;

}  // namespace passport::keyagent
