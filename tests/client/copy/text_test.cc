#include "client/copy/text.h"

#include <gtest/gtest.h>

#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

using namespace std::chrono_literals;

TEST(CopyText, SizesAreReadAtAGlance) {
  EXPECT_EQ(render_size(0), "0 B");
  EXPECT_EQ(render_size(1023), "1023 B");
  EXPECT_EQ(render_size(1024), "1.0 KiB");
  EXPECT_EQ(render_size(64 << 20), "64.0 MiB");
  EXPECT_EQ(render_size((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(render_size(UINT64_MAX), "16.0 EiB");
}

TEST(CopyText, TimesAreReadAtAGlance) {
  EXPECT_EQ(render_time(0s), "0 s");
  EXPECT_EQ(render_time(59s), "59 s");
  EXPECT_EQ(render_time(187s), "3:07");
  EXPECT_EQ(render_time(3725s), "1:02:05");
}

TEST(RateMeter, TellsTheLastSeconds) {
  const RateMeter::Time start{};
  RateMeter meter;
  EXPECT_EQ(meter.rate(), 0);
  for (int i = 0; i <= 100; ++i)
    meter.add(start + i * 100ms, static_cast<std::uint64_t>(i) * 100);
  EXPECT_NEAR(meter.rate(), 1000, 1);
  for (int i = 1; i <= 60; ++i) meter.add(start + 10s + i * 100ms, 10000);
  EXPECT_EQ(meter.rate(), 0);
}

TEST(CopyText, ALineSaysHowFarItIs) {
  Progress progress;
  progress.name = "data.csv";
  progress.done = 32 << 20;
  progress.bytes = 64 << 20;
  progress.files = 1;
  progress.sessions = 8;
  progress.rate = 6 << 20;
  EXPECT_EQ(render_progress(progress, 79),
            "data.csv  32.0 MiB of 64.0 MiB  6.0 MiB/s  6 s left  8 sessions");
  EXPECT_EQ(render_progress(progress, 45), "32.0 MiB of 64.0 MiB  6.0 MiB/s  6 s left");
  EXPECT_EQ(render_progress(progress, 10), "32.0 MiB o");
  EXPECT_EQ(render_progress(progress, 0), "");
  progress.name = "a\x1b[2J\xc3\xa4";
  progress.files = 8;
  progress.files_done = 3;
  progress.all_found = false;
  progress.rate = 0;
  EXPECT_EQ(render_progress(progress, 79),
            "32.0 MiB of 64.0 MiB or more  3 of 8 files  8 sessions");
  progress.rate = 0.5;
  progress.all_found = true;
  EXPECT_EQ(render_progress(progress, 30), "32.0 MiB of 64.0 MiB  0 B/s");
}

TEST(Sha256, IsTheStandards) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace passport::copy
