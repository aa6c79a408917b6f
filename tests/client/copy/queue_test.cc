#include "client/copy/queue.h"

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

using Kind = CopyQueue::Task::Kind;

FilePtr add_file(CopyQueue& queue, std::uint64_t size) {
  auto file = std::make_shared<FileCopy>();
  file->stat.size = size;
  queue.add(file);
  return file;
}

/// Prepares the next file, and copies all of it.
CopyQueue::Task copy_one(CopyQueue& queue, int worker) {
  auto task = queue.next();
  EXPECT_EQ(task.kind, Kind::kPrepare);
  const auto& file = task.files.front();
  queue.prepared(file, {});
  const auto claim = queue.claim(file, task.turn, worker, file->stat.size);
  EXPECT_TRUE(claim && queue.begin_write(file, *claim));
  if (claim) queue.finish_write(file, *claim);
  return task;
}

TEST(CopyQueue, EndsWhenAllIsFinishedAndClosed) {
  CopyQueue queue;
  const auto file = add_file(queue, 10);
  queue.all_found();
  copy_one(queue, 0);
  EXPECT_TRUE(queue.totals().all_copied);
  EXPECT_EQ(queue.next().kind, Kind::kFinish);
  EXPECT_EQ(queue.next().kind, Kind::kWait);
  queue.finished(file);
  EXPECT_EQ(queue.next().kind, Kind::kClose);
  queue.closed();
  EXPECT_EQ(queue.next().kind, Kind::kOver);
  EXPECT_TRUE(queue.totals().over);
}

TEST(CopyQueue, WhatWasOpenedForOneCopyIsNotUsedForTheNext) {
  CopyQueue queue;
  const auto file = add_file(queue, 10);
  const auto first = copy_one(queue, 0);
  EXPECT_EQ(queue.next().kind, Kind::kFinish);
  queue.copy_again(file);
  const auto second = queue.next();
  EXPECT_EQ(second.kind, Kind::kPrepare);
  queue.prepared(file, {});
  EXPECT_FALSE(queue.claim(file, first.turn, 0, 10));
  EXPECT_FALSE(queue.failed_under_way(file, first.turn));
  EXPECT_TRUE(queue.claim(file, second.turn, 1, 10));
}

TEST(CopyQueue, WhoIsLateDoesNotFailWhatOthersFinish) {
  CopyQueue queue;
  const auto file = add_file(queue, 10);
  add_file(queue, 10);
  queue.all_found();
  const auto first = copy_one(queue, 0);
  copy_one(queue, 0);
  const auto finish = queue.next();
  ASSERT_EQ(finish.kind, Kind::kFinish);
  EXPECT_FALSE(queue.failed_under_way(file, first.turn));
  queue.return_task(first);
  EXPECT_EQ(queue.next().kind, Kind::kWait);  // and nobody else finishes it
  for (const auto& each : finish.files) queue.finished(each);
  EXPECT_FALSE(queue.failed_under_way(file, first.turn));
  EXPECT_EQ(queue.totals().files_done, 2u);
  EXPECT_EQ(queue.totals().bytes, 20u);
  EXPECT_EQ(queue.next().kind, Kind::kClose);
}

TEST(CopyQueue, AFileThatFailedStaysOver) {
  CopyQueue queue;
  const auto file = add_file(queue, 10);
  queue.all_found();
  const auto task = queue.next();
  queue.prepared(file, {});
  const auto claim = queue.claim(file, task.turn, 0, 10);
  ASSERT_TRUE(claim && queue.begin_write(file, *claim));
  EXPECT_TRUE(queue.failed_under_way(file, task.turn));
  EXPECT_FALSE(queue.failed_under_way(file, task.turn));
  queue.finish_write(file, *claim);
  EXPECT_EQ(file->state, FileCopy::State::kOver);
  EXPECT_EQ(queue.totals().done, 0u);
  EXPECT_EQ(queue.next().kind, Kind::kClose);
}

TEST(CopyQueue, ATaskThatWasNotDoneIsForOthers) {
  CopyQueue queue;
  const auto file = add_file(queue, 10);
  queue.return_task(queue.next());
  EXPECT_EQ(queue.totals().waiting, 1u);
  copy_one(queue, 0);
  const auto finish = queue.next();
  queue.return_task(finish);
  const auto again = queue.next();
  EXPECT_EQ(again.kind, Kind::kFinish);
  queue.return_task(finish);  // late
  EXPECT_EQ(file->state, FileCopy::State::kFinishing);
}

}  // namespace
}  // namespace passport::copy
