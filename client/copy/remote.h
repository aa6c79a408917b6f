// Files on an instance, over one SSH session of its own: libssh's SFTP, and scripts for its
// shell.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "api/ssh_login.h"
#include "base/bytes.h"
#include "base/result.h"
#include "client/copy/byte_ranges.h"

struct sftp_session_struct;
struct sftp_file_struct;
struct sftp_attributes_struct;
struct ssh_channel_struct;

namespace passport::copy {

struct FileStat {
  enum class Kind { kFile, kFolder, kLink, kOther } kind = Kind::kOther;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  ///< 0777 at most
  std::int64_t mtime = 0;  ///< Unix seconds
  std::int64_t atime = 0;
};
struct NamedStat {
  std::string name;  ///< whatever the other side says
  FileStat stat;
};

/// Blocks; every wait ends after kPatience, and with it the session. One thread at a time.
/// Errors are in words that follow on the name of a file: kNotFound, kDenied, kConflict (it
/// refuses), kUnavailable. After one, broken() tells whether it was the session that broke.
class Remote {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPatience{120};
  static constexpr std::size_t kMaxAnswer = 1 << 20;  ///< bytes that a script prints

  struct Failure {
    api::SshFailure ssh{};
    bool no_sftp = false;  ///< logged in, and there is no such subsystem
  };
  /// Null when it failed.
  static std::unique_ptr<Remote> open(const api::SshTarget& target, Time deadline,
                                      Failure& failure, std::stop_token stop);
  ~Remote();
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  bool broken() const { return broken_; }
  Error explain_break() { return login_->explain_end(); }
  /// Nothing is waited for until the next call, however long that is.
  void rest() { login_->expire_at(Time::max()); }
  /// It takes requests of 256 KiB, as OpenSSH does; others may take no more than 32 KiB.
  bool takes_large_requests() const { return large_; }

  Result<FileStat> stat(const std::string& path);
  Result<FileStat> stat_link(const std::string& path);
  /// Of each but "." and ".."; not followed. Errors: also kTooLarge above `most`.
  Result<std::vector<NamedStat>> list(const std::string& folder, std::size_t most);
  Result<std::string> real_path(const std::string& path);
  Result<void> make_folder(const std::string& path, std::uint32_t mode);
  Result<void> set_stat(const std::string& path, const FileStat& stat);
  Result<void> remove(const std::string& path);
  /// Fails when something is there.
  Result<void> rename(const std::string& from, const std::string& to);
  /// Whether its file system says that it has no room left.
  bool is_full(const std::string& path);

  /// An open file. Not to be used together with other calls while reads are under way: libssh
  /// then waits for answers that it has already.
  class File {
   public:
    File(Remote& remote, sftp_file_struct* file) : remote_(&remote), file_(file) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    /// Asks for bytes; the answers are taken by end_read() in the order of asking.
    Result<std::uint32_t> begin_read(Range range);
    /// How many have come: fewer than there was room for only at the file's end.
    Result<std::size_t> end_read(std::uint32_t id, std::span<std::uint8_t> into);
    Result<void> write(std::uint64_t at, ByteView bytes);

   private:
    Remote* remote_;
    sftp_file_struct* file_;
  };
  Result<std::unique_ptr<File>> open_to_read(const std::string& path);
  /// A new file, for this user alone; fails when there is one.
  Result<std::unique_ptr<File>> create(const std::string& path);
  Result<std::unique_ptr<File>> open_to_write(const std::string& path);

  /// A script under way in sh. Until it is finished nothing else is called, and there is no
  /// deadline.
  class Script;
  Result<std::unique_ptr<Script>> start_script(const std::string& text);
  /// What it has printed, when it has ended.
  Result<std::string> finish_script(Script& script, std::chrono::seconds patience);

 private:
  explicit Remote(std::unique_ptr<api::SshLogin> login) : login_(std::move(login)) {}
  bool alive() const;
  bool try_often(const std::function<bool()>& attempt) const;
  bool open_sftp();
  void reopen_sftp();
  void close_sftp();
  void wait_at_most(std::chrono::seconds patience);
  bool ready();
  Error fail();
  Result<FileStat> take(sftp_attributes_struct* attributes);
  Result<void> check(int status);
  Result<std::unique_ptr<File>> open_file(const std::string& path, int flags);

  std::unique_ptr<api::SshLogin> login_;
  sftp_session_struct* sftp_ = nullptr;
  bool large_ = false;
  bool broken_ = false;
};

class Remote::Script {
 public:
  explicit Script(ssh_channel_struct* channel) : channel_(channel) {}
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  ssh_channel_struct* channel() const { return channel_; }

 private:
  ssh_channel_struct* channel_;
};

}  // namespace passport::copy
