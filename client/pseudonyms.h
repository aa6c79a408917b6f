// Names of people and machines, replaced by others. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace passport::client {

/// Within one of these the same name is always replaced by the same pseudonym, KIND-N.
class Pseudonyms {
 public:
  /// `name`, of at least 2 bytes, is to be replaced wherever it stands by itself, in capitals
  /// or not.
  void add(std::string_view kind, std::string_view name);

  /// `text` without those names, and without what has the form of an e-mail address, an
  /// instance's id, an AWS account's id or an IP address other than loopback's.
  std::string apply(std::string_view text);

 private:
  std::string replace_forms(std::string_view text);
  const std::string& pseudonym_of(std::string_view kind, std::string_view name);

  std::map<std::string, std::string, std::less<>>
      pseudonyms_;                                  ///< by the name in small letters
  std::map<std::string, int, std::less<>> counts_;  ///< by kind
  std::vector<std::string> names_;                  ///< the longest first
};

}  // namespace passport::client
