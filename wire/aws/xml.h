// Reading of small XML answers, names compared without their namespace prefix.
#pragma once
#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace passport::wire::aws {

inline constexpr std::size_t kMaxXmlSize = 1 << 20;
/// pugixml's parser does not recurse, but what walks a document might.
inline constexpr int kMaxXmlDepth = 32;

/// False when it is not XML, too large or too deep. Document types and entities of their own
/// are not taken in.
bool load_xml(pugi::xml_document& document, std::string_view text);

/// The first child element of that local name; a null node when there is none.
pugi::xml_node find_child(const pugi::xml_node& node, std::string_view name);

/// The text of that child; empty when there is none.
std::string find_child_text(const pugi::xml_node& node, std::string_view name);

}  // namespace passport::wire::aws
