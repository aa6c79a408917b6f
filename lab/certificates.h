// The lab's own certificate authority and its server certificate, made anew at each start.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace passport::lab {

struct Certificates {
  std::string ca_pem;     ///< for AWS_CA_BUNDLE
  std::string chain_pem;  ///< the server's certificate
  Secret key_pem;         ///< the server's key; the authority's is not kept
};

/// EC P-256, for localhost, 127.0.0.1, ::1 and the `names` of hosts; valid from an hour ago for
/// 30 days. Errors: kInternal when OpenSSL refuses.
Result<Certificates> make_certificates(const std::vector<std::string>& names = {});

}  // namespace passport::lab
