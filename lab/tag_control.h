// What passport-lab tag says over a running lab's control socket. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/service_state.h"

namespace passport::lab {

/// What an instance is called from now on; what is not named stays.
struct TagRequest {
  std::string instance;
  std::map<std::string, std::string> tags{};
  std::vector<std::string> removed{};     ///< keys of tags
  std::optional<std::string> platform{};  ///< "Linux", "Windows", "MacOS"
  std::optional<std::string> name{};      ///< that Systems Manager has
};

/// KEY=VALUE sets a tag, the key up to the first '='; KEY alone removes one. Errors: kUsage.
Result<void> take_tag_word(TagRequest& request, std::string_view word);

/// {"tag": ID, "set": {KEY: VALUE}, "remove": [KEY...], "platform"?, "name"?}
std::string serialize_tag_request(const TagRequest& request);
/// nullopt: it is another request. Errors: kMalformed.
Result<std::optional<TagRequest>> parse_tag_request(std::string_view line);

/// Errors: kNotFound: no such instance; kUsage: AWS has no such tags. Nothing has changed then.
Result<void> apply_tag_request(ServiceState& state, const TagRequest& request);

}  // namespace passport::lab
