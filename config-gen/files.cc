#include "config-gen/files.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "api/agent_place.h"
#include "aws/private_file.h"
#include "base/text.h"
#include "net/command.h"

namespace passport::config_gen {
namespace {

std::string_view type_of(const std::string& certificate) {
  return certificate.starts_with("ssh-rsa") ? "rsa" : "ed25519";
}

/// All that the agent holds; ssh is to offer those of the type wanted.
Result<std::set<std::string>> write_certificates(Wanted& wanted, const HeldByRequest& held,
                                                 const std::string& folder) {
  std::set<std::string> written;
  for (auto& access : wanted.accesses) {
    const auto at = held.find(access.request);
    if (at == held.end()) continue;
    std::map<std::string_view, int> numbers;
    for (const auto& line : at->second.certificates) {
      const auto type = type_of(line);
      const auto path =
          fmt::format("{}/{}-{}-{}.pub", folder, access.request, type, ++numbers[type]);
      if (auto saved = aws::update_private_file(path, line + "\n"); !saved)
        return saved.error();
      written.insert(path);
      if (wanted.key_type == "all" || wanted.key_type == type)
        access.certificate_files.push_back(path);
    }
  }
  return written;
}

void remove_others(const std::set<std::string>& certificates, const std::string& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const auto name = at->path().filename().string();
    const bool ours = name.starts_with("ar-") && name.ends_with(".pub");
    std::error_code ignored;
    if (ours && !certificates.contains(at->path().string()))
      std::filesystem::remove(at->path(), ignored);
  }
}

enum class Owner { kNobody, kUs, kOther };

/// Whose file it is by how it begins; nobody's when nothing is lost with it.
Owner find_owner(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (!std::filesystem::exists(status)) return Owner::kNobody;
  if (!std::filesystem::is_regular_file(status)) return Owner::kOther;
  if (std::filesystem::file_size(path, error) == 0) return Owner::kNobody;
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && line + "\n" == kHeader ? Owner::kUs : Owner::kOther;
}

Error not_ours(const std::string& path) {
  return {Errc::kConfig,
          fmt::format("\"{}\" is not a file of passport-ssh-config's: it is left as it is",
                      escape_for_terminal(path)),
          "name another file, or remove it"};
}

}  // namespace

Result<Places> find_places(const std::string& folder, const std::string& output) {
  if (output.empty())
    return Places{folder, folder + "/ssh_config", folder + "/known_hosts",
                  folder + "/ssh_hosts"};
  std::error_code error;
  const auto path = std::filesystem::absolute(output, error).lexically_normal().string();
  const auto owner = error || path.ends_with('/') ? Owner::kOther : find_owner(path);
  if (owner == Owner::kOther) return not_ours(output);
  auto known_hosts = path + ".known_hosts";  // it says nothing of whose it is
  if (owner == Owner::kNobody && find_owner(known_hosts) != Owner::kNobody)
    return not_ours(known_hosts);
  return Places{folder, path, std::move(known_hosts), ""};
}

std::vector<std::string> make_proxy_command(const api::Service& service) {
  std::vector<std::string> out = {net::find_program("passport-proxy"),
                                  "--parent-stderr",
                                  "--service",
                                  service.url,
                                  "--token-file",
                                  service.token_file};
  if (service.ca_file.empty()) return out;
  out.emplace_back("--service-ca");
  out.push_back(service.ca_file);
  return out;
}

Result<Files> write_files(const Places& places, const api::Service& service, Wanted wanted,
                          const HeldByRequest& held) {
  const auto certificates = write_certificates(wanted, held, places.folder);
  if (!certificates) return certificates.error();
  auto saved =
      aws::update_private_file(places.known_hosts, render_known_hosts(wanted.accesses));
  if (!saved) return saved.error();
  ConfigPlan plan;
  plan.accesses = std::move(wanted.accesses);
  plan.proxy_command = make_proxy_command(service);
  plan.agent_socket = api::agent_socket(places.folder);
  plan.known_hosts = places.known_hosts;
  if (wanted.share_connections) plan.control_folder = places.folder;
  if (!places.included.empty()) {
    const auto text = render_ssh_config(plan, true);
    if (!text) return text.error();
    if (saved = aws::update_private_file(places.included, *text); !saved) return saved.error();
  }
  auto text = render_ssh_config(plan, false);
  if (!text) return text.error();
  if (saved = aws::update_private_file(places.config, *text); !saved) return saved.error();
  remove_others(*certificates, places.folder);
  return Files{std::move(*text), std::move(plan.accesses), {}};
}

}  // namespace passport::config_gen
