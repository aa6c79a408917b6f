#include "service/run.h"

#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "base/log.h"
#include "net/http_server.h"
#include "net/process.h"
#include "net/signals.h"
#include "service/api.h"
#include "service/broker.h"
#include "service/checkpoints.h"
#include "service/label_lookup.h"
#include "service/logbook.h"
#include "service/notices.h"
#include "service/reconciler.h"
#include "service/sweeper.h"
#include "service/tokens.h"

namespace passport::service {
namespace {

namespace asio = net::asio;

constexpr unsigned kDatabaseThreads = 4;
constexpr std::size_t kMaxPem = 1 << 20;
constexpr std::size_t kMaxBody = 64 << 10;      ///< bytes; 500 instances are 13 KiB
constexpr std::chrono::seconds kLastCalls{10};  ///< for calls and work under way at the end

void fill_random(std::span<std::uint8_t> out) {
  if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1)
    throw std::runtime_error("libcrypto has no randomness");
}

Result<std::string> load_file(const std::string& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.empty() || text.size() > most)
    return Error{Errc::kConfig, path + ": it cannot be read"};
  return text;
}

Result<net::TlsContext> load_tls(const Config& config) {
  const auto chain = load_file(config.certificate, kMaxPem);
  if (!chain) return chain.error();
  auto key = load_file(config.key, kMaxPem);
  if (!key) return key.error();
  const Secret secret(std::move(*key));
  return net::TlsContext::server(*chain, std::string(secret.reveal()));
}

Result<void> make_state_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return Error{Errc::kConfig, path + ": " + std::strerror(errno)};
}

/// All that runs, in the order in which it ends.
struct Service {
  std::unique_ptr<Checkpoints> checkpoints;  ///< the last, which holds all the others did
  std::unique_ptr<Database> database;
  std::optional<Authorities> authorities;
  std::unique_ptr<AccountAccess> access;
  std::unique_ptr<Api> api;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<LabelLookup> labels;
  std::unique_ptr<Reconciler> reconciler;
  std::unique_ptr<Notices> notices;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<net::HttpServer> server;
};

Result<void> start(Service& out, const asio::any_io_executor& executor, const Config& config) {
  if (auto made = make_state_dir(config.state_dir); !made) return made;
  const auto tls = load_tls(config);
  if (!tls) return tls.error();
  auto database = Database::open(config.database, kDatabaseThreads);
  if (!database) return database.error();
  out.database = std::move(*database);
  auto checkpoints = Checkpoints::start(config, fill_random);
  if (!checkpoints) return checkpoints.error();
  out.checkpoints = std::move(*checkpoints);
  auto authorities = Authorities::open(config, fill_random);
  if (!authorities) return authorities.error();
  out.authorities.emplace(std::move(*authorities));
  auto access = AccountAccess::open(executor);
  if (!access) return access.error();
  out.access = std::move(*access);
  out.api = std::make_unique<Api>(config, *out.database, *out.authorities, fill_random);
  out.reconciler = std::make_unique<Reconciler>(executor, config, *out.database, *out.access,
                                                out.authorities->trusted());
  out.broker = std::make_unique<Broker>(config, *out.database, *out.access);
  out.api->broker = [broker = out.broker.get()](Endpoint endpoint, SessionStep step) {
    return broker->take(endpoint, std::move(step));
  };
  out.reconciler->on_end = [checkpoints = out.checkpoints.get()] { checkpoints->wake(); };
  out.labels = std::make_unique<LabelLookup>(executor, config, *out.database, *out.access);
  out.reconciler->on_provision = [labels = out.labels.get()](const std::string& request) {
    labels->look_up(request);
  };
  out.api->label_counts = [labels = out.labels.get()] { return labels->counts(); };
  out.sweeper = std::make_unique<Sweeper>(executor, config, *out.database, *out.access);
  out.notices = std::make_unique<Notices>(executor, config, *out.database);
  out.api->on_work = [reconciler = out.reconciler.get(), notices = out.notices.get()] {
    reconciler->wake();
    notices->wake();
  };
  net::HttpHandlers handlers;
  handlers.request = [api = out.api.get()](wire::HttpRequest request) {
    return api->answer(std::move(request));
  };
  handlers.refusal = [](int status, std::string why) { return refuse(status, std::move(why)); };
  const net::HttpLimits limits{
      kMaxBody, config.connections, {config.peer_connections, config.peer_requests}};
  auto server = net::HttpServer::listen(executor, *tls, config.listen_address,
                                        config.listen_port, std::move(handlers), limits);
  if (!server) return server.error();
  out.server = std::move(*server);
  return {};
}

net::Task<void> wait_for_end(net::Signals& signals, Service& service, asio::io_context& io) {
  const int signal = co_await signals.next();
  log_line(fmt::format("signal {}: stopping", signal));
  service.api->stop();
  service.server->stop();
  service.reconciler->stop();
  service.notices->stop();
  service.sweeper->stop();
  service.labels->stop();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(kLastCalls);
  co_await timer.async_wait(asio::use_awaitable);
  io.stop();
}

net::Task<void> reconcile(Service& service, asio::io_context& io) {
  co_await service.reconciler->run();
  io.stop();
}

}  // namespace

Result<Config> load_config(const std::string& path) {
  const auto text = load_file(path, kMaxConfig);
  if (!text) return text.error();
  auto config = parse_config(*text);
  if (!config) return Error{Errc::kConfig, path + ": " + config.error().detail};
  return config;
}

Result<void> serve(const Config& config) {
  net::ignore_sigpipe();
  net::forbid_core_dumps();
  net::raise_descriptor_limit();
  asio::io_context io(1);
  Service service;
  if (auto started = start(service, io.get_executor(), config); !started) return started;
  net::Signals signals(io.get_executor(), {SIGTERM, SIGINT, SIGHUP});
  asio::co_spawn(io, wait_for_end(signals, service, io), asio::detached);
  asio::co_spawn(io, reconcile(service, io), asio::detached);
  asio::co_spawn(io, service.notices->run(), asio::detached);
  asio::co_spawn(io, service.sweeper->run(), asio::detached);
  const bool ipv6 = config.listen_address.find(':') != std::string::npos;
  std::cout << fmt::format("https://{}{}{}:{}\n", ipv6 ? "[" : "", config.listen_address,
                           ipv6 ? "]" : "", service.server->port())
            << std::flush;
  io.run();
  service.server.reset();
  return {};
}

Result<void> print_token(const Config& config, const TokenWish& wish) {
  if (auto made = make_state_dir(config.state_dir); !made) return made;
  auto connection = connect_database(config.database);
  if (!connection) return connection.error();
  if (auto done = migrate(**connection); !done) return done;
  const auto token = make_token(fill_random);
  const Subject subject{wish.user, Groups(wish.groups.begin(), wish.groups.end())};
  auto issued = run_transaction(**connection, [&](SqlTransaction& transaction) -> Result<void> {
    if (auto done = insert_token(transaction, token, subject, wish.life); !done) return done;
    json::array groups;
    for (const auto& group : subject.groups) groups.emplace_back(group);
    return append_log(transaction,
                      {"passportd",
                       "token.issue",
                       subject.user,
                       "ok",
                       {{"groups", std::move(groups)}, {"life_s", wish.life.count()}}});
  });
  if (!issued) return issued;
  std::cout << token.reveal() << "\n" << std::flush;
  return {};
}

}  // namespace passport::service
