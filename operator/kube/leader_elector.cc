#include "operator/kube/leader_elector.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/log.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

constexpr char kFieldManager[] = "leader-election";
constexpr double kJitter = 1.2;  // of retry_period, at most

std::string HolderOf(const Json& lease) { return StringAt(lease, {"spec", "holderIdentity"}); }

}  // namespace

std::string MakeIdentity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {"unknown"};
  // A random (version 4) UUID: two processes on one host, or a restarted one, are not the same
  // holder.
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string uuid = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& c : uuid) {
    if (c == 'x') c = kHex[random() % 16];
  }
  return std::string(host.data()) + "_" + uuid;
}

Expected<void> Check(const LeaderElectorOptions& options) {
  const auto refuse = [](const char* why) {
    return Fail(ErrorCode::kInvalidArgument, std::string("leader election: ") + why);
  };
  if (options.lease.name.empty() || options.lease.namespace_.empty()) {
    return refuse("the Lease needs a name and a namespace");
  }
  if (options.lease_duration < std::chrono::seconds(1)) {
    return refuse("lease_duration must be at least 1 s");
  }
  if (options.lease_duration <= options.renew_deadline) {
    return refuse("lease_duration must be longer than renew_deadline, or two lead at once");
  }
  if (options.retry_period <= Duration::zero()) return refuse("retry_period must be positive");
  if (std::chrono::duration<double>(options.renew_deadline) <=
      std::chrono::duration<double>(options.retry_period) * kJitter) {
    return refuse("renew_deadline must be longer than 1.2 times retry_period");
  }
  return {};
}

LeaderElector::LeaderElector(const Client& client, LeaderElectorOptions options, const Clock& clock)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      random_(std::random_device{}()) {
  if (options_.identity.empty()) options_.identity = MakeIdentity();
  if (options_.metrics) options_.metrics->SetLeading(options_.lease.name, false);
}

LeaderElector::~LeaderElector() { Stop(); }

Expected<void> LeaderElector::Start() {
  if (auto valid = Check(options_); !valid) return valid;
  if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
  return {};
}

void LeaderElector::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  Release();
}

bool LeaderElector::WaitForLeadership(std::stop_token stop) const {
  std::unique_lock lock(observed_mutex_);
  return changed_.wait(lock, stop, [&] { return leading_.load(); });
}

std::string LeaderElector::Leader() const {
  std::lock_guard lock(observed_mutex_);
  return HolderOf(observed_);
}

bool LeaderElector::Healthy() const {
  if (!leading_) return true;
  std::lock_guard lock(observed_mutex_);
  return clock_.Now() - renewed_at_ <= options_.lease_duration + std::chrono::seconds(10);
}

bool LeaderElector::Wait(Duration delay, std::stop_token stop) {
  std::unique_lock lock(observed_mutex_);
  changed_.wait_for(lock, stop, delay, [] { return false; });
  return !stop.stop_requested();
}

void LeaderElector::SetLeading(bool leading) {
  {
    std::lock_guard lock(observed_mutex_);
    leading_ = leading;
  }
  changed_.notify_all();
  if (options_.metrics) options_.metrics->SetLeading(options_.lease.name, leading);
}

void LeaderElector::Run(std::stop_token stop) {
  while (!stop.stop_requested() && !TryAcquireOrRenew()) {
    const double jitter = 1.0 + (kJitter - 1.0) * static_cast<double>(random_() - 1) / 2147483646.0;
    const auto delay = static_cast<double>(options_.retry_period.count()) * jitter;
    if (!Wait(Duration(static_cast<Duration::rep>(delay)), stop)) return;
  }
  if (stop.stop_requested()) return;
  log::Info("this process leads", {{"identity", options_.identity}});
  SetLeading(true);
  if (options_.on_started) options_.on_started();
  while (Wait(options_.retry_period, stop)) {
    const bool held = TryAcquireOrRenew();
    if (stop.stop_requested()) return;
    std::unique_lock lock(observed_mutex_);
    const bool taken = !held && HolderOf(observed_) != options_.identity;
    lock.unlock();
    if (!taken && !TooLate()) continue;
    log::Error("leadership is lost", {{"holder", Leader()}, {"identity", options_.identity}});
    SetLeading(false);
    if (options_.on_lost) options_.on_lost();
    return;
  }
}

void LeaderElector::Observe(const Json& lease) {
  std::lock_guard lock(observed_mutex_);
  // Any change counts, whatever its timestamps say: their clock is not ours.
  if (ResourceVersionOf(lease) == ResourceVersionOf(observed_) && !observed_.is_null()) return;
  observed_ = lease;
  observed_at_ = clock_.Now();
}

Json LeaderElector::Claimed(Json lease, bool renewing) const {
  const std::string now = FormatMicroTime(clock_.WallNow());
  Json& spec = lease["spec"];  // fields and labels that we do not know stay
  if (!renewing) {
    // A Lease that exists had a leader before; a fresh one had not.
    const int before = ResourceVersionOf(lease).empty() ? -1 : 0;
    spec["leaseTransitions"] = IntAt(lease, {"spec", "leaseTransitions"}) + before + 1;
    spec["acquireTime"] = now;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(options_.lease_duration).count();
  spec["renewTime"] = now;
  return lease;
}

bool LeaderElector::TooLate() const {
  std::lock_guard lock(observed_mutex_);
  return leading_ && clock_.Now() - renewed_at_ >= options_.renew_deadline;
}

bool LeaderElector::TryAcquireOrRenew() {
  // What counts is the time before we asked: the server may have written at any moment since.
  const TimePoint asked_at = clock_.Now();
  const auto won = [&](const Json& lease) {
    Observe(lease);
    std::lock_guard lock(observed_mutex_);
    renewed_at_ = asked_at;
    return true;
  };
  Json cached;
  {
    std::lock_guard lock(observed_mutex_);
    cached = observed_;
  }
  if (HolderOf(cached) == options_.identity) {  // the fast path: one request per renewal
    auto updated = client_.Update(Leases(), Claimed(cached, true));
    if (updated) return won(*updated);
    if (options_.metrics) options_.metrics->CountSlowPath(options_.lease.name);
  }
  if (TooLate()) return false;
  auto lease = client_.Get(Leases(), options_.lease);
  if (!lease && lease.error().code == ErrorCode::kNotFound) {
    Json fresh{
        {"apiVersion", "coordination.k8s.io/v1"},
        {"kind", "Lease"},
        {"metadata", {{"name", options_.lease.name}, {"namespace", options_.lease.namespace_}}}};
    claimed_ = true;
    auto created = client_.Create(Leases(), Claimed(std::move(fresh), false), kFieldManager);
    return created ? won(*created) : false;
  }
  if (!lease) {
    log::Warning("cannot read the lease", {{"error", lease.error().message}});
    return false;
  }
  Observe(*lease);
  const std::string holder = HolderOf(*lease);
  const bool ours = holder == options_.identity;
  if (!ours && !holder.empty()) {
    std::lock_guard lock(observed_mutex_);
    const auto lasts = std::chrono::seconds(
        std::clamp<long long>(IntAt(*lease, {"spec", "leaseDurationSeconds"}, 15), 1, 3600));
    if (clock_.Now() < observed_at_ + lasts) return false;
  }
  if (TooLate()) return false;  // by the time this answered, somebody else might lead already
  claimed_ = true;
  auto updated = client_.Update(Leases(), Claimed(*lease, ours));
  return updated ? won(*updated) : false;  // kConflict: somebody was faster
}

void LeaderElector::Release() {
  {
    std::lock_guard lock(observed_mutex_);
    leading_ = false;
  }
  if (!std::exchange(claimed_, false)) return;
  if (options_.metrics) options_.metrics->SetLeading(options_.lease.name, false);
  constexpr int kTries = 3;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    // Read first: a renewal that was cut off may have reached the server.
    auto lease = client_.Get(Leases(), options_.lease);
    if (!lease && lease.error().code == ErrorCode::kUnavailable) continue;
    if (!lease || HolderOf(*lease) != options_.identity) return;
    (*lease)["spec"]["holderIdentity"] = "";
    (*lease)["spec"]["leaseDurationSeconds"] = 1;
    (*lease)["spec"]["renewTime"] = FormatMicroTime(clock_.WallNow());
    auto updated = client_.Update(Leases(), *lease);
    if (updated) return Observe(*updated);
    const ErrorCode code = updated.error().code;
    if (code != ErrorCode::kConflict && code != ErrorCode::kUnavailable) break;
  }
  log::Warning("the Lease could not be released; the next leader has to wait until it expires",
               {{"lease", options_.lease.ToString()}});
}

}  // namespace sb::kube
