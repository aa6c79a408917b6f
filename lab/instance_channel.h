// Packets with file descriptors between the lab and an instance's init.
#pragma once
#include <optional>

#include <sys/types.h>

#include "base/bytes.h"
#include "base/result.h"
#include "lab/instance_fd.h"

namespace passport::lab {

struct InstancePacket {
  Bytes bytes;
  Fd passed;         ///< at most one; close-on-exec
  pid_t sender = 0;  ///< where SO_PASSCRED is set on the receiving end
};

/// The lab's end (SO_PASSCRED, first) and the init's; both non-blocking and close-on-exec.
Result<std::pair<Fd, Fd>> make_instance_channel();

/// One packet; nullopt when none is waiting. Errors: kUnavailable once the peer has closed.
Result<std::optional<InstancePacket>> receive_packet(int socket);

/// False when the socket's buffer is full. Errors: kUnavailable once the peer has closed.
Result<bool> send_packet(int socket, ByteView bytes, int passed_fd = -1);

}  // namespace passport::lab
