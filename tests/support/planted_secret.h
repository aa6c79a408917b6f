// Secrets of every form that redaction has to find, for its tests.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace passport::test {

struct PlantedSecret {
  std::string text;    ///< as it stands somewhere
  std::string secret;  ///< the part that nobody may see
};

/// The next of a row of numbers.
using Numbers = std::function<unsigned()>;

inline constexpr unsigned kSecretForms = 20;

inline std::string random_text(const Numbers& next, std::string_view letters,
                               std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += letters[next() % letters.size()];
  return out;
}

/// One of the form, below kSecretForms.
inline PlantedSecret plant_secret(unsigned form, const Numbers& next) {
  const std::string small = "abcdefghijklmnopqrstuvwxyz";
  const std::string capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const auto url = capitals + small + "-_";
  const auto base64 = capitals + small + "+/";
  const auto any = url + "!#$%*+,.?^~|";
  const auto size = 8 + next() % 40;
  // Of each kind one, as chance alone would not always have it.
  const auto mixed = [&](const std::string& letters, std::size_t n) {
    return "aB3" + random_text(next, letters, n - 3);
  };
  const auto named = [&](std::string_view before, const std::string& secret,
                         std::string_view after = "") {
    return PlantedSecret{std::string(before) + secret + std::string(after), secret};
  };
  switch (form) {
    case 0:
      return named("", "ppt_" + random_text(next, url, 43));
    case 1:
      return named("", (next() % 2 == 0 ? "AKIA" : "ASIA") + random_text(next, capitals, 16));
    case 2:
      return named("", mixed(base64, 40));
    case 3: {  // as some write JSON
      auto secret = mixed(base64, 38);
      secret.insert(20, "\\/");
      return named("", secret + "x");
    }
    case 4: {  // as in a query
      auto secret = mixed(base64, 39);
      for (auto at = secret.find('/'); at != std::string::npos; at = secret.find('/'))
        secret.replace(at, 1, "%2F");
      return named("", secret + "%2B");
    }
    case 5:
      return named("", "IQoJb3JpZ2luX2Vj" + mixed(base64, 100 + size), "==");
    case 6:
      return named("", "eyJ" + random_text(next, url, 30) + ".eyJ" +
                           random_text(next, url, 60) + "." + random_text(next, url, 43));
    case 7:
      return named("-----BEGIN OPENSSH PRIVATE KEY-----\n",
                   random_text(next, base64, 70) + "\n" + random_text(next, base64, 20),
                   "\n-----END OPENSSH PRIVATE KEY-----");
    case 8:  // within JSON
      return named("-----BEGIN RSA PRIVATE KEY-----\\n", random_text(next, base64, 50),
                   "\\n-----END RSA PRIVATE KEY-----\\n");
    case 9:
      return named("-----BEGIN ENCRYPTED PRIVATE KEY-----\r\n", random_text(next, base64, 30));
    case 10:
      return named("Authorization: Bearer ", random_text(next, any, size), "\n");
    case 11:
      return named("\"authorization\": \"Basic ", random_text(next, base64, size), "\"");
    case 12:
      return named("curl -H 'bearer ", mixed(url, size), "'");
    case 13:
      return named("https://ann:", random_text(next, any, size),
                   "@passport.example.com:8443/x");
    case 14:
      return named("HTTPS_PROXY=ann:", random_text(next, any, size), "@proxy.example.com:3128");
    case 15:
      return named("https://ssm.example.com/?X-Amz-Date=1&X-Amz-Signature=",
                   random_text(next, "0123456789abcdef", 64), "&x=1");
    case 16:
      return named("X-Amz-Security-Token: ", random_text(next, base64, size), "\n");
    case 17:
      return named("db_password = ", random_text(next, any + " ", size) + "z", "\n");
    case 18:
      return named("\"clientSecret\":\"", random_text(next, any, size), "\"");
    default:
      return named("--api-key ", random_text(next, any, size), " ");
  }
}

}  // namespace passport::test
