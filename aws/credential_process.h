// Credentials from a program of the user's: credential_process.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/asio.h"
#include "wire/aws/access_key.h"

namespace passport::aws {

/// The words of a command as the AWS CLI splits them: white space, single and double quotes,
/// backslash; no other meaning of a shell's. Errors: kConfig for a quote that does not end.
Result<std::vector<std::string>> split_command(std::string_view command);

/// Runs the command, without a shell, with this process's environment, standard error and
/// nothing on standard input, and reads what it writes. It is killed at the deadline.
/// Errors: kConfig when it cannot be run or its output is not credentials; kUnavailable when it
/// fails; kTimeout; kTooLarge above net::kMaxCommandOutput. Its output is not shown.
net::Task<Result<wire::aws::IssuedKey>> run_credential_process(std::string command,
                                                               net::Deadline deadline);

}  // namespace passport::aws
