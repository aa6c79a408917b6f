// What the command line of passport-lab says.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lab/fault_settings.h"

namespace passport::lab {

struct LabOptions {
  std::string state_dir;  ///< absolute
  bool json = false;      ///< print the summary as JSON

  // Of `tag` alone.
  std::optional<std::string> platform{};
  std::optional<std::string> name{};

  // Of `up` alone.
  unsigned instances = 2;
  unsigned featherweights = 0;  ///< known and online, with nothing but users behind them
  unsigned short port = 0;      ///< 0: a free one
  std::string user = "lab";
  std::string region = "eu-west-1";
  bool foreground = false;
  std::size_t agent_payload_size = 1024;
  bool aws_names = false;  ///< certificate and stream URLs have the names of AWS's endpoints
  bool presign = false;    ///< stream URLs are signed
  std::vector<std::string> real_agents;  ///< ids of instances that bring their own agent
  std::map<std::string, std::string> old_agents;  ///< id to agent version
  std::string kms_key;        ///< sessions are encrypted with it; empty: none is
  bool kms_challenge = true;  ///< as agents from 3.3.808.0
  LabFaults faults;
};

/// What `fault` is to do, beside LabOptions::state_dir and json.
using FaultWords = std::vector<std::string>;  ///< NAME=VALUE..., show, clear

inline constexpr unsigned kMaxInstances = 64;

/// Starts a lab, or says that it is up already; prints its summary. Returns the exit status.
int run_up(const LabOptions& options);
/// Ends the lab and removes what it made. One that is not up is no error.
int run_down(const LabOptions& options);
/// Changes or shows the faults of the lab that is up; prints those that are set. Throws
/// nothing; returns the exit status.
int run_fault(const LabOptions& options, const FaultWords& words);
/// Changes what an instance of the lab that is up is called: ID, then KEY=VALUE or KEY each.
int run_tag(const LabOptions& options, const std::vector<std::string>& words);
/// Puts the document in place of the file's name in a policy's PRINCIPAL:FILE; other values
/// stay. Errors: kNotFound, kTooLarge when the file cannot be read.
Result<NamedValue> load_policy_file(NamedValue value);
/// Prints the summary of the lab that is up; 69 when none is.
int run_status(const LabOptions& options);

}  // namespace passport::lab
