#include "lab/lab.h"

#include <ctime>
#include <filesystem>
#include <random>

#include <boost/asio/detached.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/certificates.h"
#include "lab/fault_control.h"
#include "lab/instance_spawn.h"
#include "lab/sso_api.h"
#include "lab/state_dir.h"
#include "lab/tag_control.h"
#include "net/line_socket.h"
#include "wire/aws/endpoint.h"

namespace passport::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kKeygenDeadline{10};
constexpr std::chrono::milliseconds kFarewell{500};
constexpr std::int64_t kOfflineSinceS = 2 * 3600;
constexpr char kAddress[] = "127.0.0.1";

std::string make_instance_id(unsigned number) {
  return fmt::format("i-{:017x}", number);
}

void fill_random(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    throw std::runtime_error("the system gives no random bytes");
  }
}

std::string current_user() {
  const auto* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : std::string();
}

/// passport-proxy beside this program, in the build tree, or on PATH.
std::string find_proxy() {
  std::error_code error;
  const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& path :
       {folder / "passport-proxy", folder.parent_path() / "proxy" / "passport-proxy"}) {
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  }
  return "passport-proxy";
}

std::string gateway_name(const std::string& region) {
  return wire::aws::make_endpoint("ssmmessages", region).host;
}

/// Those of all services that the lab has.
std::vector<std::string> aws_names(const std::string& region) {
  std::vector<std::string> out;
  for (const auto* service : {"ssm", "ssmmessages", "sts", "kms", "sso", "sso-oidc"})
    out.push_back(wire::aws::make_endpoint(service, region).host);
  return out;
}

void append_lines(const Fd& to, const char* file, const std::string& lines) {
  if (lines.empty() || ::write(to.get(), lines.data(), lines.size()) >= 0) return;
  log_line(fmt::format("{}: {}", file, errno_text(errno)));
}

}  // namespace

Lab::Lab(net::asio::any_io_executor executor, const LabOptions& options)
    : executor_(executor),
      options_(options),
      state_(options.region, fill_random),
      gateway_(executor, state_, {options.agent_payload_size, [this](const AuditEntry& entry) {
                                    write_audit(entry);
                                  }}) {
  state_.faults = options.faults;
  state_.session_key = options.kms_key;
  state_.session_challenge = options.kms_challenge;
  if (!options.kms_key.empty()) state_.keys.add(options.kms_key);
  if (state_.faults.seed == 0) state_.faults.seed = std::random_device()();
}

Result<std::unique_ptr<Lab>> Lab::start(net::asio::any_io_executor executor,
                                        const LabOptions& options, bool remove_directory) {
  std::unique_ptr<Lab> lab(new Lab(executor, options));
  auto& summary = lab->summary_;
  summary.state_dir = options.state_dir;
  summary.region = options.region;
  summary.user = options.user;
  summary.proxy = find_proxy();
  summary.made_state_dir = remove_directory;
  for (const auto& [file, log] : {std::pair(kAuditFile, &lab->audit_),
                                  std::pair(kFeatherweightFile, &lab->featherweight_log_)}) {
    auto opened = lab->open_lines(file);
    if (!opened) return opened.error();
    *log = std::move(*opened);
  }
  if (auto made = lab->make_key(); !made) return made.error();
  if (auto started = lab->start_instances(); !started) return started.error();
  lab->add_featherweights();
  lab->add_known_instances();
  if (auto listening = lab->listen(); !listening) return listening.error();
  if (auto set = lab->change_faults(lab->state_.faults); !set) return set.error();
  if (auto listening = lab->listen_for_control(); !listening) return listening.error();
  if (auto saved = lab->save_files(); !saved) return saved.error();
  return lab;
}

Result<void> Lab::make_key() {
  const auto path = in_state_dir(kKeyFile);
  std::error_code ignored;
  fs::remove(path, ignored);
  const auto keygen = spawn({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                                      "passport-lab", "-f", path},
                             .fds = {-1, -1, STDERR_FILENO, -1}});
  if (!keygen) return keygen.error();
  const auto status = wait_for_child(*keygen, kKeygenDeadline);
  if (status != 0) return Error{Errc::kUnavailable, "ssh-keygen failed"};
  auto text = load_file(path + ".pub");
  if (!text) return text.error();
  public_key_ = std::move(*text);
  return {};
}

Result<void> Lab::start_instances() {
  std::error_code error;
  fs::create_directory(in_state_dir(kInstancesDir), error);
  if (error) {
    return Error{Errc::kUnavailable,
                 fmt::format("\"{}\": {}", in_state_dir(kInstancesDir), error.message())};
  }
  for (unsigned i = 1; i <= options_.instances; ++i) {
    if (auto started = start_instance(make_instance_id(i)); !started) return started;
  }
  return {};
}

Result<void> Lab::start_instance(const std::string& id) {
  const auto number = instances_.size() + 1;
  InstanceSpec spec;
  spec.id = id;
  spec.hostname = fmt::format("lab-{}", number);
  spec.users = {{options_.user, public_key_}};
  if (options_.user != kShellUser) spec.users.push_back({kShellUser, "", "/bin/sh", true});
  auto started = Instance::start(spec, in_state_dir(kInstancesDir));
  if (!started) return started.error();
  auto& instance = **started;
  if (instance.mode() == InstanceMode::kCurrentUser) summary_.user = current_user();
  if (!instance.passed_over().empty()) {
    log_line(
        fmt::format("{}: {} mode: {}", id, to_string(instance.mode()), instance.passed_over()));
  }
  summary_.instances.push_back({id, "online", std::string(to_string(instance.mode())),
                                instance.passed_over(), instance.host_public_keys()});
  KnownInstance known;
  known.id = id;
  known.computer_name = spec.hostname;
  known.registered_unix_s = std::time(nullptr);
  state_.add_instance(std::move(known));
  ports_.push_back(std::make_unique<InstancePorts>(executor_, instance));
  gateway_.add_ports(
      id, [ports = ports_.back().get()](unsigned short port) { return ports->connect(port); });
  gateway_.add_shells(id, [ports = ports_.back().get()](auto flags, auto command) {
    return ports->start_shell(flags, std::move(command));
  });
  gateway_.add_scripts(id, [ports = ports_.back().get()](auto script, auto deadline) {
    return ports->run(std::move(script), deadline);
  });
  instances_.push_back(std::move(*started));
  return {};
}

void Lab::add_featherweights() {
  for (unsigned i = 0; i < options_.featherweights; ++i) {
    KnownInstance known;
    known.id = make_instance_id(kFirstFeatherweight + i);
    known.agent = AgentKind::kFeatherweight;
    known.registered_unix_s = std::time(nullptr);
    auto& on = featherweights_.emplace_back(known.id);
    gateway_.add_scripts(known.id, [this, &on, id = known.id](auto script, auto) {
      return run(on, id, std::move(script));
    });
    state_.add_instance(std::move(known));
  }
}

net::Task<Result<RunOutcome>> Lab::run(Featherweight& on, std::string id, std::string script) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  std::string lines;
  auto outcome = on.run(script, now, [&](const auto& user, const auto& became) {
    lines += serialize_featherweight_change(id, user, became, now) + "\n";
  });
  append_lines(featherweight_log_, kFeatherweightFile, lines);
  co_return RunOutcome{outcome.exit_status, false, false, std::move(outcome.output),
                       std::move(outcome.error_output)};
}

void Lab::add_known_instances() {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto find_or_add = [&](const std::string& id, AgentKind agent) -> KnownInstance& {
    if (!state_.find_instance(id)) {
      KnownInstance added;
      added.id = id;
      added.agent = agent;
      added.last_ping_unix_s = now;
      added.registered_unix_s = now;
      state_.add_instance(std::move(added));
      summary_.instances.push_back({id, "online", "", "", {}});
    }
    return *state_.find_instance(id);
  };
  const auto set_status = [&](const std::string& id, const char* status) {
    for (auto& i : summary_.instances) {
      if (i.id == id) i.status = status;
    }
  };
  for (const auto& id : options_.faults.never_attach) find_or_add(id, AgentKind::kNone);
  for (const auto& [id, version] : options_.old_agents) {
    find_or_add(id, AgentKind::kNone).agent_version = version;
  }
  for (const auto& id : options_.faults.offline) {
    auto& instance = find_or_add(id, AgentKind::kNone);
    instance.online = false;
    instance.last_ping_unix_s = now - kOfflineSinceS;
    set_status(id, "offline");
  }
  for (const auto& id : options_.real_agents) {
    auto& instance = find_or_add(id, AgentKind::kReal);
    instance.agent = AgentKind::kReal;
    instance.online = false;
    instance.registered_unix_s = 0;
    set_status(id, "agent");
  }
}

Result<void> Lab::listen() {
  auto certificates = make_certificates(options_.aws_names ? aws_names(state_.region)
                                                           : std::vector<std::string>());
  if (!certificates) return certificates.error();
  auto tls = net::TlsContext::server(certificates->chain_pem,
                                     std::string(certificates->key_pem.reveal()));
  if (!tls) return tls.error();
  auto server = net::HttpServer::listen(executor_, *tls, kAddress, options_.port,
                                        gateway_.make_handlers());
  if (!server) return server.error();
  server_ = std::move(*server);
  summary_.endpoint = fmt::format("https://{}:{}", kAddress, server_->port());
  const auto host = options_.aws_names ? gateway_name(state_.region) : std::string(kAddress);
  state_.endpoint = {.host = host, .port = server_->port()};
  return save_file(in_state_dir(kCaFile), certificates->ca_pem);
}

Result<void> Lab::listen_for_control() {
  auto listener = net::Listener::unix_socket(executor_, in_state_dir(kControlFile));
  if (!listener) return listener.error();
  control_ = std::move(*listener);
  net::LineService service;
  service.max_line = kMaxControlLine;
  service.answer = [this](std::string line) { return answer_control(std::move(line)); };
  net::asio::co_spawn(executor_, net::serve_lines(control_, std::move(service)),
                      net::asio::detached);
  return {};
}

net::Task<std::string> Lab::answer_control(std::string line) {
  const auto tagging = parse_tag_request(line);
  if (tagging && *tagging) {
    if (auto tagged = apply_tag_request(state_, **tagging); !tagged)
      co_return serialize_fault_error(tagged.error());
    co_return serialize_fault_answer(list_faults(state_.faults));
  }
  const auto request = parse_fault_request(line);
  if (!request) co_return serialize_fault_error(request.error());
  const auto faults = apply_fault_request(state_.faults, *request);
  if (!faults) co_return serialize_fault_error(faults.error());
  if (auto changed = change_faults(*faults); !changed)
    co_return serialize_fault_error(changed.error());
  co_return serialize_fault_answer(list_faults(state_.faults));
}

/// By the fault "offline", which was otherwise before. Sessions that are up stay.
void Lab::connect_instances(const std::set<std::string>& before) {
  const auto& offline = state_.faults.offline;
  for (const auto& id : before)
    if (!offline.contains(id)) state_.find_instance(id)->online = true;
  for (const auto& id : offline) {
    auto& instance = *state_.find_instance(id);
    if (instance.online) instance.last_ping_unix_s = std::time(nullptr);
    instance.online = false;
  }
}

/// Errors: kNotFound for an instance that the lab does not have; nothing has changed then.
Result<void> Lab::change_faults(LabFaults faults) {
  const auto unknown = [](const std::string& id) {
    return Error{Errc::kNotFound, fmt::format("\"{}\" is no instance of this lab", id)};
  };
  for (const auto& ids : {faults.never_attach, faults.offline})
    for (const auto& id : ids)
      if (!state_.find_instance(id)) return unknown(id);
  const auto own = [&](const std::string& id) {
    return std::find_if(instances_.begin(), instances_.end(),
                        [&](const auto& i) { return i->id() == id; });
  };
  for (const auto& id : faults.stalled_sshd) {
    if (own(id) == instances_.end()) return unknown(id);
  }
  const auto before = std::exchange(state_.faults, std::move(faults));
  gateway_.faults_changed(before);
  connect_instances(before.offline);
  for (const auto& instance : instances_) {
    const auto& id = instance->id();
    const bool stall = state_.faults.stalled_sshd.contains(id);
    if (stall == sshd_stalled_.contains(id)) continue;
    if (auto asked = instance->request_suspend_sshd(stall); !asked) return asked.error();
    stall ? void(sshd_stalled_.insert(id)) : void(sshd_stalled_.erase(id));
  }
  return {};
}

Result<void> Lab::save_files() {
  access_key_id_ = state_.add_user_key(options_.user);
  if (options_.presign) state_.stream_key = access_key_id_;
  const auto secret = state_.find_key(access_key_id_)->secret;
  // In the form of a JWT, which no one but the lab can read anything in.
  const auto token =
      fmt::format("eyJhbGciOiJub25lIn0.{}.{}", state_.random_hex(16), state_.random_hex(32));
  state_.web_identity_token = Secret(token);
  const auto login = make_sso_login(state_, static_cast<std::int64_t>(std::time(nullptr)));
  const auto code =
      fmt::format("{:06}", std::stoul(state_.random_hex(4), nullptr, 16) % 1000000);
  state_.mfa_code = Secret(code);
  const std::pair<const char*, std::string> files[] = {
      {kEnvFile, render_env(summary_, access_key_id_, secret)},
      {kSshConfigFile, render_ssh_config(summary_)},
      {kKnownHostsFile, render_known_hosts(summary_)},
      {kWebIdentityFile, token},
      {kSsoTokenFile, login},
      {kMfaCodeFile, code},
      {kSummaryFile,
       serialize_summary(summary_)},  // last: its being there says that the lab is up
  };
  for (const auto& [name, text] : files) {
    if (auto saved = save_file(in_state_dir(name), text); !saved) return saved;
  }
  return {};
}

Result<Fd> Lab::open_lines(const char* file) const {
  const auto path = in_state_dir(file);
  Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600));
  if (!out)
    return Error{Errc::kUnavailable, fmt::format("\"{}\": {}", path, errno_text(errno))};
  return out;
}

void Lab::write_audit(const AuditEntry& entry) {
  append_lines(audit_, kAuditFile, serialize_audit_entry(entry) + "\n");
}

net::Task<void> Lab::shut_down() {
  server_->stop();
  const bool had_sessions = gateway_.end_all("The lab is going down");
  if (!had_sessions) co_return;
  net::asio::steady_timer timer(executor_, kFarewell);
  co_await timer.async_wait(net::asio::use_awaitable);
}

}  // namespace passport::lab
