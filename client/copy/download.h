// A copy from an instance to this machine.
#pragma once
#include "client/copy/direction.h"

namespace passport::copy {

class Download : public Direction {
 public:
  using Direction::Direction;

  std::optional<Trouble> find(Remote& remote, CopyQueue& queue) override;
  std::optional<Trouble> prepare(Remote& remote, FileCopy& file, ByteRanges& found) override;
  std::optional<Trouble> copy(Remote& remote, CopyQueue& queue, const FilePtr& file,
                              unsigned turn, int worker) override;
  std::optional<Trouble> finish(Remote& remote, CopyQueue& queue,
                                const std::vector<FilePtr>& files) override;
  std::optional<Trouble> close(Remote& remote) override;
  void save_journal(FileCopy& file, const ByteRanges& done) override;
  void leave(FileCopy& file, bool for_later) override;

 private:
  struct Spot;
  std::optional<Trouble> find_matches(Remote& remote, const std::string& pattern,
                                      std::vector<std::string>& matches);
  std::optional<Trouble> find_at(Remote& remote, CopyQueue& queue, const Spot& spot);
  std::optional<Trouble> find_in_folder(Remote& remote, CopyQueue& queue, const Spot& spot);
  std::optional<Trouble> add(CopyQueue& queue, const std::string& source,
                             const std::string& target, const FileStat& stat);
  std::optional<Trouble> settle(Remote& remote, CopyQueue& queue, const FilePtr& file,
                                Check check);
};

}  // namespace passport::copy
