// Credentials from an exec plugin, asked when they are needed: the first time, shortly before they
// expire, and after the server has refused them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "operator/kube/cluster_config.h"
#include "operator/kube/credentials.h"
#include "operator/kube/exec_credential.h"
#include "operator/kube/rotating_file.h"

namespace sb::kube {

// The plugin runs on a thread of its own, never twice at once, and not again before `pause` has
// passed: a server that refuses everything does not become a storm of logins. Requests wait for it
// only if there is nothing valid to send meanwhile. Destruction kills it.
class ExecCredentials : public CredentialSource {
 public:
  struct Limits {
    Duration run = std::chrono::seconds(30);    // real time
    Duration early = std::chrono::seconds(30);  // before expiry
    Duration pause = std::chrono::seconds(5);   // from the end of a run to the next
  };

  // `config.exec` is set. `clock` says when credentials expire.
  explicit ExecCredentials(const ClusterConfig& config, const Clock& clock)
      : ExecCredentials(config, clock, Limits()) {}
  ExecCredentials(const ClusterConfig& config, const Clock& clock, const Limits& limits);
  ~ExecCredentials() override;

  Expected<Credentials> Get(TimePoint deadline, std::stop_token stop) override;
  void NoteRefused(const Credentials& used) override;

 private:
  struct Answer {
    Credentials credentials;
    std::string certificate_pem;
    std::optional<WallTime> expires;
  };

  // All under state_mutex_.
  bool IsValidFor(Duration ahead) const;
  bool MayRun() const;
  void StartRun();

  Expected<Answer> Run(std::stop_token stop);
  Expected<Answer> Ask(std::stop_token stop);
  Expected<std::shared_ptr<const ClientCertificate>> CertificateOf(const ExecCredential& printed);

  const ClusterConfig config_;
  const Clock& clock_;
  const Limits limits_;
  RotatingFile ca_file_;
  std::mutex state_mutex_;
  std::condition_variable_any run_ended_;
  std::optional<Answer> answer_;  // the last good one
  std::optional<Error> failure_;  // of the last run
  bool refused_ = false;          // answer_, by the server
  bool running_ = false;
  std::optional<TimePoint> ended_at_;
  std::jthread run_;
};

}  // namespace sb::kube
