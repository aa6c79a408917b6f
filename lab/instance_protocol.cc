#include "lab/instance_protocol.h"

#include <utility>

namespace passport::lab {
namespace {

constexpr std::uint32_t kTimedOut = 1;
constexpr std::uint32_t kTruncated = 2;

}  // namespace

Bytes serialize_request(const InstanceRequest& request) {
  Bytes out;
  append_u32(out, request.id);
  append_u32(out, static_cast<std::uint32_t>(request.kind));
  append_u32(out, request.argument);
  append(out, as_bytes(request.script));
  return out;
}

Result<InstanceRequest> parse_request(ByteView packet) {
  ByteReader in(packet);
  InstanceRequest request;
  request.id = in.u32();
  const std::uint32_t kind = in.u32();
  request.argument = in.u32();
  if (!in.ok()) return Error{Errc::kIncomplete, "instance request: short"};
  if (kind < static_cast<std::uint32_t>(RequestKind::kConnect) ||
      kind > static_cast<std::uint32_t>(RequestKind::kSignalShell)) {
    return Error{Errc::kMalformed, "instance request: unknown kind " + std::to_string(kind)};
  }
  request.kind = static_cast<RequestKind>(kind);
  if (in.left() > kMaxScript) return Error{Errc::kTooLarge, "instance request: script"};
  const bool has_script =
      request.kind == RequestKind::kRun || request.kind == RequestKind::kStartShell;
  if (in.left() > 0 && !has_script) {
    return Error{Errc::kMalformed, "instance request: bytes after the last field"};
  }
  request.script = as_text(in.rest());
  return request;
}

Bytes serialize_answer(const InstanceAnswer& answer) {
  Bytes out;
  append_u32(out, answer.id);
  append_u32(out, static_cast<std::uint32_t>(answer.error));
  append_u32(out, static_cast<std::uint32_t>(answer.run.exit_status));
  append_u32(out,
             (answer.run.timed_out ? kTimedOut : 0) | (answer.run.truncated ? kTruncated : 0));
  append_u32(out, static_cast<std::uint32_t>(answer.run.standard_output.size()));
  append(out, as_bytes(answer.run.standard_output));
  append(out, as_bytes(answer.run.standard_error));
  return out;
}

Result<InstanceAnswer> parse_answer(ByteView packet) {
  ByteReader in(packet);
  InstanceAnswer answer;
  answer.id = in.u32();
  answer.error = static_cast<int>(in.u32());
  answer.run.exit_status = static_cast<int>(in.u32());
  const std::uint32_t flags = in.u32();
  const std::uint32_t output_length = in.u32();
  if (!in.ok()) return Error{Errc::kIncomplete, "instance answer: short"};
  if (output_length > in.left())
    return Error{Errc::kMalformed, "instance answer: output length"};
  answer.run.timed_out = (flags & kTimedOut) != 0;
  answer.run.truncated = (flags & kTruncated) != 0;
  answer.run.standard_output = as_text(in.take(output_length));
  answer.run.standard_error = as_text(in.rest());
  if (answer.run.standard_output.size() > kMaxRunOutput ||
      answer.run.standard_error.size() > kMaxRunOutput) {
    return Error{Errc::kTooLarge, "instance answer: output"};
  }
  return answer;
}

}  // namespace passport::lab
