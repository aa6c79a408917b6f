#include "client/copy/remote.h"

#include <array>
#include <cstring>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/text.h"

namespace passport::copy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeptOfName = 256;  // more than a plain name has

FileStat make_stat(const sftp_attributes_struct& from) {
  FileStat out;
  if ((from.flags & SSH_FILEXFER_ATTR_PERMISSIONS) != 0) {
    const auto type = from.permissions & S_IFMT;
    if (type == S_IFREG) out.kind = FileStat::Kind::kFile;
    if (type == S_IFDIR) out.kind = FileStat::Kind::kFolder;
    if (type == S_IFLNK) out.kind = FileStat::Kind::kLink;
    out.mode = from.permissions & 0777;
  }
  if ((from.flags & SSH_FILEXFER_ATTR_SIZE) != 0) out.size = from.size;
  if ((from.flags & SSH_FILEXFER_ATTR_ACMODTIME) != 0) {
    out.mtime = from.mtime;
    out.atime = from.atime;
  }
  return out;
}

constexpr int kChannelTries = 30;
constexpr auto kChannelGap = 100ms;

struct FreeAttributes {
  void operator()(sftp_attributes attributes) const { sftp_attributes_free(attributes); }
};
using Attributes = std::unique_ptr<sftp_attributes_struct, FreeAttributes>;

}  // namespace

std::unique_ptr<Remote> Remote::open(const api::SshTarget& target, Time deadline,
                                     Failure& failure, std::stop_token stop) {
  auto login = api::SshLogin::open(target, deadline, failure.ssh, std::move(stop));
  if (!login) return nullptr;
  auto out = std::unique_ptr<Remote>(new Remote(std::move(login)));
  out->wait_at_most(kPatience);
  if (out->open_sftp()) return out;
  failure.no_sftp = ssh_is_connected(out->login_->session()) == 1 && !out->login_->expired();
  if (failure.no_sftp) {
    failure.ssh = {api::SshStep::kLogin, {Errc::kUnavailable, "it has no sftp"}};
  } else {
    failure.ssh = {api::SshStep::kTunnel, out->explain_break()};
  }
  return nullptr;
}

Remote::~Remote() {
  login_->expire_at(std::chrono::steady_clock::now() + 1s);
  close_sftp();
}

bool Remote::open_sftp() {
  sftp_ = sftp_new(login_->session());
  if (sftp_ == nullptr) return false;
  if (sftp_init(sftp_) != 0) {
    close_sftp();
    return false;
  }
  large_ = sftp_extension_supported(sftp_, "posix-rename@openssh.com", "1") == 1;
  return true;
}

void Remote::close_sftp() {
  if (sftp_ != nullptr) sftp_free(std::exchange(sftp_, nullptr));
}

void Remote::wait_at_most(std::chrono::seconds patience) {
  login_->expire_at(std::chrono::steady_clock::now() + patience);
}

bool Remote::ready() {
  wait_at_most(kPatience);
  return !broken_;
}

Error Remote::fail() {
  const auto session = login_->session();
  constexpr int kOver = SSH_CLOSED | SSH_CLOSED_ERROR;
  broken_ = broken_ || ssh_is_connected(session) == 0 ||
            (ssh_get_status(session) & kOver) != 0 || login_->expired() || sftp_ == nullptr ||
            ssh_channel_is_closed(sftp_->channel) != 0 ||
            ssh_channel_is_eof(sftp_->channel) != 0;
  if (broken_) return {Errc::kUnavailable, "the session broke"};
  switch (sftp_get_error(sftp_)) {
    case SSH_FX_NO_SUCH_FILE:
    case SSH_FX_NO_SUCH_PATH:
      return {Errc::kNotFound, "no such file or folder"};
    case SSH_FX_PERMISSION_DENIED:
    case SSH_FX_WRITE_PROTECT:
      return {Errc::kDenied, "permission denied"};
    default:
      return {Errc::kConflict, escape_for_terminal(ssh_get_error(session))};
  }
}

Result<void> Remote::check(int status) {
  if (status < 0) return fail();
  return {};
}

Result<FileStat> Remote::take(sftp_attributes_struct* attributes) {
  const Attributes owned(attributes);
  if (!owned) return fail();
  return make_stat(*owned);
}

Result<FileStat> Remote::stat(const std::string& path) {
  if (!ready()) return fail();
  return take(sftp_stat(sftp_, path.c_str()));
}

Result<FileStat> Remote::stat_link(const std::string& path) {
  if (!ready()) return fail();
  return take(sftp_lstat(sftp_, path.c_str()));
}

Result<std::vector<NamedStat>> Remote::list(const std::string& folder, std::size_t most) {
  if (!ready()) return fail();
  sftp_dir dir = sftp_opendir(sftp_, folder.c_str());
  if (dir == nullptr) return fail();
  std::vector<NamedStat> out;
  while (const Attributes entry{sftp_readdir(sftp_, dir)}) {
    wait_at_most(kPatience);
    // A longer one is no name that is taken, and not kept whole.
    const std::string name = entry->name != nullptr
                                 ? std::string(entry->name, ::strnlen(entry->name, kKeptOfName))
                                 : std::string();
    if (name == "." || name == "..") continue;
    if (out.size() == most) {
      sftp_closedir(dir);
      return Error{Errc::kTooLarge, fmt::format("it has more than {} files", most)};
    }
    out.push_back({name, make_stat(*entry)});
  }
  const bool whole = sftp_dir_eof(dir) == 1;
  std::optional<Error> error;
  if (!whole) error = fail();
  if (!broken_) sftp_closedir(dir);
  if (error) return *error;
  return out;
}

Result<std::string> Remote::real_path(const std::string& path) {
  if (!ready()) return fail();
  char* found = sftp_canonicalize_path(sftp_, path.c_str());
  if (found == nullptr) return fail();
  std::string out = found;
  ssh_string_free_char(found);
  return out;
}

Result<void> Remote::make_folder(const std::string& path, std::uint32_t mode) {
  if (!ready()) return fail();
  return check(sftp_mkdir(sftp_, path.c_str(), mode));
}

Result<void> Remote::set_stat(const std::string& path, const FileStat& stat) {
  if (!ready()) return fail();
  sftp_attributes_struct wish{};
  wish.flags = SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_ACMODTIME;
  wish.permissions = stat.mode;
  wish.atime = static_cast<std::uint32_t>(stat.atime);
  wish.mtime = static_cast<std::uint32_t>(stat.mtime);
  return check(sftp_setstat(sftp_, path.c_str(), &wish));
}

Result<void> Remote::remove(const std::string& path) {
  if (!ready()) return fail();
  return check(sftp_unlink(sftp_, path.c_str()));
}

Result<void> Remote::rename(const std::string& from, const std::string& to) {
  if (!ready()) return fail();
  return check(sftp_rename(sftp_, from.c_str(), to.c_str()));
}

bool Remote::is_full(const std::string& path) {
  if (!ready() || sftp_extension_supported(sftp_, "statvfs@openssh.com", "2") != 1)
    return false;
  sftp_statvfs_t found = sftp_statvfs(sftp_, path.c_str());
  if (found == nullptr) return false;
  const bool full = found->f_bavail == 0;
  sftp_statvfs_free(found);
  return full;
}

Result<std::unique_ptr<Remote::File>> Remote::open_file(const std::string& path, int flags) {
  if (!ready()) return fail();
  sftp_file file = sftp_open(sftp_, path.c_str(), flags, 0600);
  if (file == nullptr) return fail();
  return std::make_unique<File>(*this, file);
}

Result<std::unique_ptr<Remote::File>> Remote::open_to_read(const std::string& path) {
  return open_file(path, O_RDONLY);
}

Result<std::unique_ptr<Remote::File>> Remote::create(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_EXCL);
}

Result<std::unique_ptr<Remote::File>> Remote::open_to_write(const std::string& path) {
  return open_file(path, O_WRONLY);
}

Remote::File::~File() {
  remote_->wait_at_most(kPatience);
  // Of a session that broke nothing is waited for: libssh frees the handle all the same.
  (void)sftp_close(file_);
}

Result<std::uint32_t> Remote::File::begin_read(Range range) {
  remote_->wait_at_most(kPatience);
  const int id = sftp_seek64(file_, range.from) == 0
                     ? sftp_async_read_begin(file_, static_cast<std::uint32_t>(range.size()))
                     : -1;
  if (id < 0) return remote_->fail();
  return static_cast<std::uint32_t>(id);
}

Result<std::size_t> Remote::File::end_read(std::uint32_t id, std::span<std::uint8_t> into) {
  remote_->wait_at_most(kPatience);
  sftp_seek64(file_, 0);  // after one end of file libssh would take no other answer
  const int n =
      sftp_async_read(file_, into.data(), static_cast<std::uint32_t>(into.size()), id);
  if (n < 0) return remote_->fail();
  return static_cast<std::size_t>(n);
}

Result<void> Remote::File::write(std::uint64_t at, ByteView bytes) {
  // From libssh 0.11 on it may write less than all.
  while (!bytes.empty()) {
    remote_->wait_at_most(kPatience);
    const auto n =
        sftp_seek64(file_, at) == 0 ? sftp_write(file_, bytes.data(), bytes.size()) : -1;
    if (n <= 0) return remote_->fail();
    at += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Remote::Script::~Script() {
  ssh_channel_free(channel_);
}

bool Remote::alive() const {
  return ssh_is_connected(login_->session()) == 1 && !login_->expired();
}

/// A server that allows one channel at a time (MaxSessions 1) takes a moment to let go of the
/// one before.
bool Remote::try_often(const std::function<bool()>& attempt) const {
  for (int tries = 0; tries < kChannelTries && alive(); ++tries) {
    if (attempt()) return true;
    std::this_thread::sleep_for(kChannelGap);
  }
  return false;
}

void Remote::reopen_sftp() {
  if (sftp_ == nullptr) broken_ = !try_often([this] { return open_sftp(); });
}

Result<std::unique_ptr<Remote::Script>> Remote::start_script(const std::string& text) {
  if (!ready()) return fail();
  std::unique_ptr<Script> script;
  const auto open = [&] {
    script = std::make_unique<Script>(ssh_channel_new(login_->session()));
    return ssh_channel_open_session(script->channel()) == SSH_OK;
  };
  bool opened = open();
  if (!opened && alive()) {
    close_sftp();
    opened = try_often(open);
  }
  const auto size = static_cast<std::uint32_t>(text.size());
  const bool started =
      opened && ssh_channel_request_exec(script->channel(), "exec sh") == SSH_OK &&
      ssh_channel_write(script->channel(), text.data(), size) == static_cast<int>(size) &&
      ssh_channel_send_eof(script->channel()) == SSH_OK;
  if (started) {
    rest();
    return script;
  }
  script.reset();
  reopen_sftp();
  return fail();
}

Result<std::string> Remote::finish_script(Script& script, std::chrono::seconds patience) {
  wait_at_most(patience);
  std::string out;
  std::array<char, 16384> buffer{};
  int n = 0;
  while (out.size() < kMaxAnswer &&
         (n = ssh_channel_read(script.channel(), buffer.data(), buffer.size(), 0)) > 0)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  ssh_channel_close(script.channel());
  reopen_sftp();
  if (n < 0 || broken_) return fail();
  rest();
  return out;
}

}  // namespace passport::copy
