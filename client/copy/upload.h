// A copy from this machine to an instance.
#pragma once
#include "client/copy/direction.h"

namespace passport::copy {

class Upload : public Direction {
 public:
  /// `journals`: a folder of this user's.
  Upload(CopyWish wish, Report& report, std::stop_token stop, std::string journals,
         std::string user)
      : Direction(std::move(wish), report, std::move(stop)),
        journals_(std::move(journals)),
        user_(std::move(user)) {}

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
  std::optional<Trouble> find_at(Remote& remote, CopyQueue& queue, const Spot& spot);
  std::optional<Trouble> find_in_folder(Remote& remote, CopyQueue& queue, const Spot& spot);
  std::optional<Trouble> add(CopyQueue& queue, const Spot& spot);
  Trouble explain_write(Remote& remote, const std::string& target, const Error& error);
  std::optional<Trouble> name_all(Remote& remote, CopyQueue& queue,
                                  const std::vector<FilePtr>& files);
  std::optional<Trouble> name_without_shell(Remote& remote, const FileCopy& file);
  std::string lock_path(const FileCopy& file) const;
  std::optional<Trouble> lock_target(FileCopy& file);
  void unlock_target(FileCopy& file);
  void drop_journal(FileCopy& file);
  void give_up(CopyQueue& queue, const FilePtr& file, const Error& error);

  std::string journals_;
  std::string user_;
};

}  // namespace passport::copy
