// What libFuzzer, or replay_main.cc, calls with each input. Returns 0.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
