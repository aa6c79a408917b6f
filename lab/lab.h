// One running lab: instances, service and gateway behind one HTTPS port on loopback.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lab/featherweight.h"
#include "lab/gateway.h"
#include "lab/instance.h"
#include "lab/instance_ports.h"
#include "lab/options.h"
#include "lab/service_state.h"
#include "lab/summary.h"
#include "net/http_server.h"
#include "net/listener.h"

namespace passport::lab {

/// Destroy it before the io_context, which must not run any more.
class Lab {
 public:
  /// Makes everything and the files in options.state_dir; blocks until the instances are up.
  static Result<std::unique_ptr<Lab>> start(net::asio::any_io_executor executor,
                                            const LabOptions& options, bool remove_directory);

  const Summary& summary() const { return summary_; }
  /// Takes no more requests and ends all sessions; returns when the clients have had time to
  /// be told.
  net::Task<void> shut_down();

 private:
  Lab(net::asio::any_io_executor executor, const LabOptions& options);

  Result<void> make_key();
  Result<void> start_instances();
  Result<void> start_instance(const std::string& id);
  void add_featherweights();
  void add_known_instances();
  Result<void> listen();
  Result<void> save_files();
  Result<void> listen_for_control();
  net::Task<std::string> answer_control(std::string line);
  Result<void> change_faults(LabFaults faults);
  void connect_instances(const std::set<std::string>& before);
  net::Task<Result<RunOutcome>> run(Featherweight& on, std::string id, std::string script);
  /// Opens a new file in the state directory, for lines to be appended.
  Result<Fd> open_lines(const char* file) const;
  void write_audit(const AuditEntry& entry);
  std::string in_state_dir(const char* file) const { return options_.state_dir + "/" + file; }

  net::asio::any_io_executor executor_;
  LabOptions options_;
  ServiceState state_;
  std::string access_key_id_;
  std::string public_key_;
  Fd audit_;
  Fd featherweight_log_;
  Summary summary_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::unique_ptr<InstancePorts>> ports_;
  std::deque<Featherweight> featherweights_;
  std::set<std::string> sshd_stalled_;
  Gateway gateway_;
  std::unique_ptr<net::HttpServer> server_;
  std::shared_ptr<net::Listener> control_;
};

}  // namespace passport::lab
