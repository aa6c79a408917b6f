// passport-lab tag: what the instances of the lab that is up are called.
#include <sysexits.h>

#include "base/log.h"
#include "lab/control_socket.h"
#include "lab/fault_control.h"
#include "lab/options.h"
#include "lab/tag_control.h"

namespace passport::lab {

int run_tag(const LabOptions& options, const std::vector<std::string>& words) {
  if (words.empty() || (words.size() == 1 && !options.platform && !options.name))
    return report({Errc::kUsage, "want an instance, and what it is called: KEY=VALUE, or KEY"});
  TagRequest request{words.front(), {}, {}, options.platform, options.name};
  for (std::size_t i = 1; i < words.size(); ++i)
    if (auto taken = take_tag_word(request, words[i]); !taken) return report(taken.error());
  const auto line = ask_lab(options.state_dir, serialize_tag_request(request));
  if (!line) return report(line.error());
  const auto answer = parse_fault_answer(*line);
  if (!answer) return report(answer.error());
  if (answer->error) return report(*answer->error);
  return EX_OK;
}

}  // namespace passport::lab
