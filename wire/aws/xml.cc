#include "wire/aws/xml.h"

namespace passport::wire::aws {
namespace {

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Ends the walk at the first node that is too deep.
struct DepthCheck : pugi::xml_tree_walker {
  bool for_each(pugi::xml_node&) override { return depth() < kMaxXmlDepth; }
};

}  // namespace

bool load_xml(pugi::xml_document& document, std::string_view text) {
  if (text.size() > kMaxXmlSize) return false;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8))
    return false;
  DepthCheck check;
  return document.traverse(check);
}

pugi::xml_node find_child(const pugi::xml_node& node, std::string_view name) {
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element && local_name(child) == name) return child;
  return {};
}

std::string find_child_text(const pugi::xml_node& node, std::string_view name) {
  return find_child(node, name).text().get();
}

}  // namespace passport::wire::aws
