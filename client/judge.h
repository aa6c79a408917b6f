// What the doctor thinks of what it was told. Pure: the time is an argument.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "client/finding.h"

namespace passport::client {

/// `theirs`: what a Date header said; `ours`: what this machine's clock said meanwhile.
Finding judge_clock(std::chrono::sys_seconds theirs, std::chrono::sys_seconds ours,
                    std::string_view whose);

/// GET /v1/token.
Finding judge_login(const json::object& who, std::int64_t now);

/// A finding for each request of GET /v1/access, or one that there is none.
Findings judge_requests(const std::vector<json::object>& requests, std::int64_t now);

/// `said`: what `ssh -V` wrote.
Finding judge_ssh_version(std::string_view said);

/// `answer`: what `passport-agent list --json` printed; a finding for each access.
Findings judge_held(const json::object& answer, const std::vector<api::Access>& accesses,
                    std::int64_t now);

/// Whether an ssh_config has the hosts of these accesses, and no others.
Finding judge_hosts(std::string_view ssh_config, const std::vector<api::Access>& accesses);

/// What another program said and how it ended: "TOOL: [SUBJECT: ]TEXT" and "TOOL: hint: TEXT".
Finding judge_words(std::string_view errors, int status, const std::string& tool,
                    const std::string& subject);

}  // namespace passport::client
