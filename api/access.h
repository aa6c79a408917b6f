// What a user has access to, as passportd says it. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "wire/ssh/public_key.h"

namespace passport::api {

/// An instance that has the user. `name`, `platform` and `tags` are what people called things:
/// any bytes of UTF-8, for those who write them somewhere to make harmless.
struct Host {
  std::string id;
  std::vector<wire::ssh::PublicKey> keys{};
  std::string name{};      ///< may be empty
  std::string platform{};  ///< "Linux", "Windows"; may be empty
  std::map<std::string, std::string> tags{};
};

/// An active access request.
struct Access {
  std::string request;
  std::string user;          ///< on the instances
  std::int64_t ends_at = 0;  ///< Unix seconds
  std::vector<Host> hosts;   ///< that have the user
  std::string account{};
  std::string region{};
};

/// What a request is in GET /v1/requests/ID, as far as it can be used: whatever has a form that
/// is relied upon has that form. Errors: kProtocol, naming what cannot be used.
Result<Access> parse_access(const json::object& request);

}  // namespace passport::api
