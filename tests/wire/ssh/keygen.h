// OpenSSH's ssh-keygen, as the judge of what we write and the writer of what we read.
#pragma once
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace passport::wire::ssh {

/// A directory of its own, gone at the end.
class Workshop {
 public:
  Workshop() {
    std::string pattern = (std::filesystem::temp_directory_path() / "passport-ssh-XXXXXX");
    dir_ = ::mkdtemp(pattern.data());
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  std::string path(const std::string& name) const { return dir_ / name; }
  std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(path(name)).rdbuf();
    return out.str();
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name)) << text;
    std::filesystem::permissions(
        path(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  /// Runs a shell command in the directory. Its output, both streams; fails the test unless its
  /// status is `status`.
  std::string run(const std::string& command, int status = 0) const {
    const auto line = "cd '" + dir_.string() + "' && { " + command + "; } 2>&1 </dev/null";
    FILE* pipe = ::popen(line.c_str(), "r");
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      output.append(buffer.data(), n);
    const int ended = ::pclose(pipe);
    EXPECT_EQ(WEXITSTATUS(ended), status) << command << "\n" << output;
    return output;
  }

 private:
  std::filesystem::path dir_;
};

}  // namespace passport::wire::ssh
