#include "client/copy/queue.h"

#include <algorithm>

namespace passport::copy {

using State = FileCopy::State;
using Lock = std::lock_guard<std::mutex>;

namespace {

constexpr std::chrono::milliseconds kLook{200};  // late claims come with time alone

bool is_in(const FilePtr& file, State state) {
  return file->state == state;
}

}  // namespace

void CopyQueue::add(FilePtr file) {
  const Lock lock(mutex_);
  bytes_ += file->stat.size;
  unclaimed_waiting_ += file->stat.size;
  ++files_;
  waiting_.push_back(std::move(file));
  changed_.notify_one();
}

void CopyQueue::all_found() {
  const Lock lock(mutex_);
  all_found_ = true;
  changed_.notify_all();
}

/// One that has bytes for one more worker.
FilePtr CopyQueue::find_open() {
  const auto good = [](const FilePtr& file) {
    return is_in(file, State::kCopying) && file->pieces->unclaimed();
  };
  const auto at = std::find_if(active_.begin(), active_.end(), good);
  return at == active_.end() ? nullptr : *at;
}

bool CopyQueue::nothing_else() const {
  return waiting_.empty() &&
         std::none_of(active_.begin(), active_.end(), [](const FilePtr& file) {
           return is_in(file, State::kCopying) && file->pieces->unclaimed();
         });
}

CopyQueue::Task CopyQueue::next() {
  const Lock lock(mutex_);
  if (abandoned_) return {};
  std::vector<FilePtr> copied;
  std::uint64_t bytes = 0;
  for (const auto& file : active_) {
    if (!is_in(file, State::kCopied) || copied.size() == kBatch || bytes >= kBatchBytes)
      continue;
    copied.push_back(file);
    bytes += file->stat.size;
  }
  const auto open = find_open();
  const bool many = copied.size() == kBatch || bytes >= kBatchBytes;
  if (many || (!copied.empty() && !open && waiting_.empty())) {
    ++turns_;
    for (const auto& file : copied) {
      file->state = State::kFinishing;
      file->turn = turns_;
    }
    return {Task::Kind::kFinish, std::move(copied), turns_};
  }
  if (open) return {Task::Kind::kCopy, {open}, open->turn};
  if (!waiting_.empty()) {
    auto file = waiting_.front();
    waiting_.pop_front();
    unclaimed_waiting_ -= file->stat.size;
    file->state = State::kPreparing;
    file->turn = ++turns_;
    active_.push_back(file);
    return {Task::Kind::kPrepare, {file}, file->turn};
  }
  const auto late = FilePieces::Time::clock::now() - kLate;
  for (const auto& file : active_)
    if (is_in(file, State::kCopying) && file->pieces->has_late(late))
      return {Task::Kind::kCopy, {file}, file->turn};
  if (!all_found_ || over_ < files_ || close_ == Close::kUnderWay) return {Task::Kind::kWait};
  if (close_ == Close::kDone) return {};
  close_ = Close::kUnderWay;
  return {Task::Kind::kClose};
}

void CopyQueue::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, kLook);
}

void CopyQueue::prepared(const FilePtr& file, ByteRanges found) {
  const Lock lock(mutex_);
  done_ += found.total();
  file->pieces = std::make_unique<FilePieces>(file->stat.size, std::move(found));
  file->state = file->pieces->complete() ? State::kCopied : State::kCopying;
  changed_.notify_all();
}

std::optional<CopyQueue::Claim> CopyQueue::claim(const FilePtr& file, unsigned turn, int worker,
                                                 std::uint64_t most) {
  const Lock lock(mutex_);
  if (abandoned_ || file->turn != turn || !is_in(file, State::kCopying)) return std::nullopt;
  const auto now = FilePieces::Time::clock::now();
  auto range = file->pieces->claim(worker, most, now);
  if (!range && nothing_else()) range = file->pieces->claim_late(worker, now - kLate);
  if (!range) return std::nullopt;
  return Claim{*range, turn};
}

bool CopyQueue::begin_write(const FilePtr& file, const Claim& claim) {
  const Lock lock(mutex_);
  return is_in(file, State::kCopying) && file->turn == claim.turn &&
         file->pieces->begin_write(claim.range);
}

void CopyQueue::finish_write(const FilePtr& file, const Claim& claim) {
  const Lock lock(mutex_);
  if (!is_in(file, State::kCopying)) return;  // it has failed meanwhile
  file->pieces->finish(claim.range);
  file->changed = true;
  done_ += claim.range.size();
  fetched_ += claim.range.size();
  if (!file->pieces->complete()) return;
  file->state = State::kCopied;
  changed_.notify_all();
}

void CopyQueue::give_back(int worker) {
  const Lock lock(mutex_);
  for (const auto& file : active_)
    if (file->pieces) file->pieces->give_back(worker);
  changed_.notify_all();
}

void CopyQueue::finished(const FilePtr& file) {
  const Lock lock(mutex_);
  if (is_in(file, State::kOver)) return;
  file->state = State::kOver;
  std::erase(active_, file);
  ++over_;
  ++files_done_;
  changed_.notify_all();
}

void CopyQueue::copy_again(const FilePtr& file) {
  const Lock lock(mutex_);
  done_ -= file->pieces->done().total();
  file->pieces.reset();
  file->again = true;
  file->state = State::kWaiting;
  std::erase(active_, file);
  unclaimed_waiting_ += file->stat.size;
  waiting_.push_back(file);
  changed_.notify_all();
}

void CopyQueue::failed_at_end(const FilePtr& file) {
  const Lock lock(mutex_);
  fail(file);
}

bool CopyQueue::failed_under_way(const FilePtr& file, unsigned turn) {
  const Lock lock(mutex_);
  const bool under_way = is_in(file, State::kPreparing) || is_in(file, State::kCopying);
  if (!under_way || file->turn != turn) return false;
  fail(file);
  return true;
}

void CopyQueue::fail(const FilePtr& file) {
  file->state = State::kOver;
  bytes_ -= file->stat.size;
  if (file->pieces) done_ -= file->pieces->done().total();
  std::erase(active_, file);
  ++over_;
  changed_.notify_all();
}

void CopyQueue::closed() {
  const Lock lock(mutex_);
  close_ = Close::kDone;
  changed_.notify_all();
}

void CopyQueue::return_task(const Task& task) {
  const Lock lock(mutex_);
  for (const auto& file : task.files) {
    if (file->turn != task.turn) continue;
    if (is_in(file, State::kFinishing)) file->state = State::kCopied;
    if (!is_in(file, State::kPreparing)) continue;
    file->state = State::kWaiting;
    std::erase(active_, file);
    unclaimed_waiting_ += file->stat.size;
    waiting_.push_front(file);
  }
  if (task.kind == Task::Kind::kClose) close_ = Close::kOpen;
  changed_.notify_all();
}

void CopyQueue::abandon() {
  const Lock lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

Totals CopyQueue::totals() const {
  const Lock lock(mutex_);
  Totals out{bytes_, done_, fetched_, files_, files_done_, waiting_.size(), unclaimed_waiting_};
  for (const auto& file : active_)
    if (is_in(file, State::kCopying)) out.unclaimed += file->pieces->unclaimed();
  out.all_found = all_found_;
  out.all_copied = all_found_ && waiting_.empty() &&
                   std::all_of(active_.begin(), active_.end(), [](const FilePtr& file) {
                     return is_in(file, State::kCopied) || is_in(file, State::kFinishing);
                   });
  out.over = abandoned_ || close_ == Close::kDone;
  return out;
}

void CopyQueue::save_journals(const std::function<void(FileCopy&, const ByteRanges&)>& save) {
  std::vector<std::pair<FilePtr, ByteRanges>> what;
  {
    const Lock lock(mutex_);
    for (const auto& file : active_) {
      if (!file->pieces || !std::exchange(file->changed, false)) continue;
      what.emplace_back(file, file->pieces->done());
    }
  }
  for (const auto& [file, done] : what) save(*file, done);
}

}  // namespace passport::copy
