#include "client/copy/run.h"

#include <cerrno>

#include <unistd.h>

#include "base/log.h"
#include "client/copy/config.h"
#include "client/copy/job.h"
#include "client/copy/place.h"

namespace passport::copy {
namespace {

/// An instance without sftp: what scp did before it used that. Returns when it cannot be run.
int run_scp(const CopyOptions& options, const std::string& config, const std::string& host) {
  std::vector<std::string> words{"scp", "-O", "-p", "-F", config};
  if (options.recursive) words.emplace_back("-r");
  if (options.quiet) words.emplace_back("-q");
  words.emplace_back("--");
  for (const auto& word : options.words) {
    const auto place = parse_place(word);
    if (!place || !place->remote()) {
      words.push_back(word);
      continue;
    }
    const auto path = quote_for_scp(place->path, &word != &options.words.back());
    if (!path) return report(path.error());
    words.push_back(place->host + ":" + *path);
  }
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  log_line(escape_for_terminal(host) +
           ": it has no sftp: scp copies, by one session, and nothing is compared");
  ::execvp(argv[0], argv.data());
  return report({Errc::kConfig, "scp: " + net::errno_text(errno)});
}

/// What a login needs, anew: the keys may have been certified again since.
Result<api::SshTarget> find_again(const CopyOptions& options, const std::string& config,
                                  const std::string& host) {
  int status = 0;
  if (options.config.empty()) (void)find_config(status);
  return find_target(config, host);
}

}  // namespace

int run_copy(const CopyOptions& options) {
  const auto wishes = make_wishes(options.words, options.recursive);
  if (!wishes) return report(wishes.error());
  int status = EX_OK;
  auto config = options.config.empty() ? find_config(status) : options.config;
  if (status != EX_OK) return status;  // already said
  if (!config) return report(config.error());
  for (const auto& wish : *wishes) {
    const auto target = find_target(*config, wish.host);
    if (!target)
      return report(
          {target.error().code, wish.host + ": " + target.error().detail, target.error().hint});
    std::optional<int> ended;
    {
      const EndSignals signals;
      CopyJob job({wish, options.sessions, options.quiet, *target,
                   [&](bool) { return find_again(options, *config, wish.host); }},
                  signals);
      ended = job.run();
    }
    if (!ended) return run_scp(options, *config, wish.host);
    if (status == EX_OK) status = *ended;
    if (status > 128) break;
  }
  return status;
}

}  // namespace passport::copy
