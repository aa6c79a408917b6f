// Who is at the other end of a connection from this machine.
#pragma once
#include <optional>

#include <sys/types.h>

namespace passport::net {

/// What the kernel knows of a connected socket's peer.
struct Peer {
  enum class Kind {
    kHere,     ///< a process of this machine holds it: `user`
    kGone,     ///< on this machine, and no process holds it any more
    kUnknown,  ///< on another machine, or the kernel does not tell
  } kind = Kind::kUnknown;
  uid_t user = 0;
};

/// TCP by NETLINK_SOCK_DIAG (sock_diag(7)), unix sockets by SO_PEERCRED.
Peer find_peer(int socket);

/// Whether a process of this user, or of root, holds the other end of a unix socket.
bool is_own_user(int socket);

/// True when no process holds the other end: it was closed, not only shut down for writing.
/// False when that is not known.
bool is_peer_gone(int socket);

}  // namespace passport::net
