// One leader among the replicas, by a coordination.k8s.io/v1 Lease.
//
//   LeaderElector elector(election_client, {.lease = {"scalablebackend-system",
//   "scalablebackend-operator"},
//                                           .on_lost = [] { std::_Exit(1); }});
//   if (auto started = elector.Start(); !started) return started;
//   if (!elector.WaitForLeadership(stop)) return;
//   …run workers, stop workers…
//   elector.Stop();   // releases the Lease, so that the next one takes over at once
//
// Clocks of other machines are never trusted: a Lease has expired when *we* have not seen it change
// for its own duration. Holding works while renewing: a leader that has not renewed for 10 s has
// lost (on_lost, on the elector's thread; the process should exit at once) 5 s before anybody else
// may take over.
//
// Give it a Client with a Transport of its own and a deadline of 5 s, so that workers cannot starve
// it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/kube/client.h"

namespace sb::kube {

class Metrics;

struct LeaderElectorOptions {
  ObjectKey lease = {};
  std::string identity = {};  // "": host name + '_' + random UUID
  Duration lease_duration = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);
  Duration retry_period = std::chrono::seconds(2);  // jittered by up to 20 % while not leading
  std::function<void()> on_started = {};            // optional
  std::function<void()> on_lost = {};               // optional; not called by Stop
  Metrics* metrics = nullptr;
};

class LeaderElector {
 public:
  LeaderElector(const Client& client, LeaderElectorOptions options,
                const Clock& clock = SystemClock());
  ~LeaderElector();  // stops
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  // kInvalidArgument if Check refuses the options.
  Expected<void> Start();
  // Ends the thread and, if we lead, gives the Lease up. Call it after the workers have stopped.
  void Stop();

  bool IsLeader() const { return leading_; }
  // True once we lead; false if stopped first.
  bool WaitForLeadership(std::stop_token stop) const;
  const std::string& identity() const { return options_.identity; }
  // Who held the Lease when we last looked; "" if nobody.
  std::string Leader() const;
  // False if we think we lead but have not renewed for longer than the lease plus a tolerance: a
  // stuck process.
  bool Healthy() const;

  // One attempt, for tests: true if we hold the Lease after it.
  bool TryAcquireOrRenew();
  // Gives up the Lease if we hold it, or may without knowing: reads it first, because a claim that
  // got no answer may have reached the server, and tries again on a conflict.
  void Release();

 private:
  void Run(std::stop_token stop);
  bool Wait(Duration delay, std::stop_token stop);
  void SetLeading(bool leading);
  // We lead and have not renewed in time.
  bool TooLate() const;
  void Observe(const Json& lease);
  Json Claimed(Json lease, bool renewing) const;

  const Client& client_;
  LeaderElectorOptions options_;
  const Clock& clock_;
  std::minstd_rand random_;
  std::atomic<bool> leading_ = false;
  bool claimed_ = false;  // sent the server a Lease with our name; the calling thread's
  mutable std::mutex observed_mutex_;
  mutable std::condition_variable_any changed_;
  Json observed_;          // the Lease as last read or written
  TimePoint observed_at_;  // when we saw it change
  TimePoint renewed_at_;
  std::jthread thread_;
};

// Whether these can work: a name and a namespace, lease_duration (at least 1 s) longer than
// renew_deadline, and that longer than a jittered retry_period. Otherwise two may lead, or one
// never renews in time.
Expected<void> Check(const LeaderElectorOptions& options);

// "hostname_uuid".
std::string MakeIdentity();

}  // namespace sb::kube
