// Which passportd, and what for.
#pragma once
#include <string>

namespace passport::proxy {

struct ServiceChoice {
  std::string url;         ///< "https://passport.example.com:8443"
  std::string request;     ///< id of the access request
  std::string token_file;  ///< read anew for each call
  std::string ca_file;     ///< PEM; empty: the system's
};

}  // namespace passport::proxy
