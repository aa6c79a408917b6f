// What went wrong while copying, and how much it touches.
#pragma once
#include <cerrno>
#include <string>

#include "base/text.h"
#include "client/copy/remote.h"
#include "net/fd.h"

namespace passport::copy {

struct Trouble {
  enum class Reach {
    kFile,     ///< this file cannot be copied; others may
    kSession,  ///< the session broke: another can go on
    kAll,      ///< nothing can be copied any more
  } reach = Reach::kFile;
  Error error{Errc::kInternal, ""};
};

/// Of a file here. A disk that is full, or broken, ends it all.
inline Trouble local_trouble(const std::string& path, int error) {
  const bool all = error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO;
  return {all ? Trouble::Reach::kAll : Trouble::Reach::kFile,
          {error == EACCES || error == EPERM ? Errc::kDenied : Errc::kUnavailable,
           escape_for_terminal(path) + ": " + net::errno_text(error)}};
}

/// Of a file on the instance; `name` as its user knows it.
inline Trouble remote_trouble(const Remote& remote, const std::string& name,
                              const Error& error) {
  if (remote.broken()) return {Trouble::Reach::kSession, error};
  return {Trouble::Reach::kFile, {error.code, escape_for_terminal(name) + ": " + error.detail}};
}

}  // namespace passport::copy
