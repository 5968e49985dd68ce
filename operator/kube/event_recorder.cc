#include "operator/kube/event_recorder.h"

#include <algorithm>
#include <utility>

#include "common/hash.h"
#include "common/log.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxReason = 128;

// Cuts at a character's border, so that the JSON stays UTF-8.
std::string Cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

bool IsPassing(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kTooManyRequests;
}

// The namespace of an event is its object's; events about cluster-scoped objects live in "default".
std::string NamespaceOf(const Json& regarding) {
  const std::string ns = StringAt(regarding, {"namespace"});
  return ns.empty() ? "default" : ns;
}

std::string ObjectOf(const Json& regarding) {
  return StringAt(regarding, {"kind"}) + "/" + NamespaceOf(regarding) + "/" +
         StringAt(regarding, {"name"}) + "/" + StringAt(regarding, {"uid"});
}

}  // namespace

Json RefTo(const Json& object) {
  Json ref{{"apiVersion", StringAt(object, {"apiVersion"})},
           {"kind", StringAt(object, {"kind"})},
           {"name", StringAt(object, {"metadata", "name"})}};
  const std::pair<const char*, std::string> optional[] = {
      {"namespace", StringAt(object, {"metadata", "namespace"})},
      {"uid", UidOf(object)},
      {"resourceVersion", ResourceVersionOf(object)}};
  for (const auto& [name, value] : optional) {
    if (!value.empty()) ref[name] = value;
  }
  return ref;
}

EventRecorder::EventRecorder(const Client& client, EventRecorderOptions options, const Clock& clock)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      random_(std::random_device{}()),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

EventRecorder::~EventRecorder() {
  thread_.request_stop();
  thread_.join();
}

void EventRecorder::Emit(Event event) {
  event.note = Cut(std::move(event.note), kMaxNote);
  event.reason = Cut(std::move(event.reason), kMaxReason);
  std::lock_guard lock(queue_mutex_);
  if (queue_.size() >= options_.queue_limit) return LockedDrop();
  queue_.push_back(std::move(event));
  changed_.notify_all();
}

bool EventRecorder::Flush(Duration deadline) {
  std::unique_lock lock(queue_mutex_);
  return changed_.wait_for(lock, deadline, [&] { return queue_.empty() && !writing_; });
}

std::uint64_t EventRecorder::dropped() const {
  std::lock_guard lock(queue_mutex_);
  return dropped_;
}

void EventRecorder::LockedDrop() {
  ++dropped_;
  if (options_.metrics) options_.metrics->CountDroppedEvent();
}

void EventRecorder::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(queue_mutex_);
    // Wakes up without events too, to write what series have counted and to forget what is over.
    changed_.wait_for(lock, stop, std::chrono::minutes(1), [&] { return !queue_.empty(); });
    if (stop.stop_requested()) return;
    std::optional<Event> event;
    if (!queue_.empty()) {
      event = std::move(queue_.front());
      queue_.pop_front();
      writing_ = true;
    }
    lock.unlock();
    Forget(clock_.Now());
    if (event) Write(*event, stop);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

void EventRecorder::Write(const Event& event, std::stop_token stop) {
  const TimePoint now = clock_.Now();
  // The note is not part of it: "3 of 5 ready" and "4 of 5 ready" are one series.
  const std::string key =
      event.type + "\n" + event.action + "\n" + event.reason + "\n" + ObjectOf(event.regarding);
  auto known = series_.find(key);
  if (known != series_.end() && now - known->second.last_seen < options_.series_gap) {
    Series& series = known->second;
    ++series.count;
    series.last_seen = now;
    const bool due = series.written == 1 || now - series.last_written >= options_.series_flush;
    if (due && !WriteSeries(series, stop)) Create(event, series, stop);
    return;
  }
  if (!TakeToken(ObjectOf(event.regarding))) {
    std::lock_guard lock(queue_mutex_);
    return LockedDrop();
  }
  Series series;
  series.last_seen = now;
  Create(event, series, stop);
  series_.insert_or_assign(key, std::move(series));
}

Expected<Json> EventRecorder::Persist(const std::function<Expected<Json>()>& write,
                                      std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    auto written = write();
    if (written || !IsPassing(written.error().code) || attempt >= options_.tries) return written;
    // Many replicas and operators come back from one outage.
    const double spread = 0.75 + 0.5 * static_cast<double>(random_() - 1) / 2147483646.0;
    const auto delay = static_cast<double>(options_.retry_delay.count()) * spread;
    clock_.Sleep(std::max(Duration(static_cast<Duration::rep>(delay)),
                          Duration(std::chrono::milliseconds(written.error().retry_after_ms))),
                 stop);
    if (stop.stop_requested()) return written;
  }
}

bool EventRecorder::WriteSeries(Series& series, std::stop_token stop) {
  series.last_written = clock_.Now();
  series.written = series.count;
  const Json patch{
      {"series",
       {{"count", series.count}, {"lastObservedTime", FormatMicroTime(clock_.WallNow())}}}};
  auto patched =
      Persist([&] { return client_.MergePatch(Events(), series.key, patch); }, std::move(stop));
  // The server forgets events after an hour: then it starts anew.
  return patched || patched.error().code != ErrorCode::kNotFound;
}

void EventRecorder::Create(const Event& event, Series& series, std::stop_token stop) {
  const std::string now = FormatMicroTime(clock_.WallNow());
  const std::string name = StringAt(event.regarding, {"name"});
  series.key.namespace_ = NamespaceOf(event.regarding);
  series.key.name =
      name + "." +
      Sha256Hex(now + options_.instance + "\n" + std::to_string(++named_)).substr(0, 16);
  series.count = 1;
  series.written = 1;
  series.last_written = clock_.Now();
  const Json object{
      {"apiVersion", Events().ApiVersion()},
      {"kind", Events().kind},
      {"metadata", {{"name", series.key.name}, {"namespace", series.key.namespace_}}},
      {"eventTime", now},
      {"type", event.type},
      {"reason", event.reason},
      {"action", event.action},
      {"note", event.note},
      {"regarding", event.regarding},
      {"reportingController", options_.controller},
      {"reportingInstance",
       Cut(options_.instance.empty() ? options_.controller : options_.instance, kMaxReason)}};
  auto created = Persist([&] { return client_.Create(Events(), object, ""); }, std::move(stop));
  // The name is ours alone: an earlier try got there, only its answer did not come back.
  if (created || created.error().code == ErrorCode::kAlreadyExists) return;
  log::Warning("cannot write an event",
               {{"reason", event.reason}, {"error", created.error().message}});
  std::lock_guard lock(queue_mutex_);
  LockedDrop();
}

bool EventRecorder::TakeToken(const std::string& object) {
  const TimePoint now = clock_.Now();
  const double burst = options_.burst_per_object;
  auto [bucket, inserted] = buckets_.try_emplace(object, Bucket{burst, now});
  const double refilled = std::chrono::duration<double>(now - bucket->second.at) /
                          std::chrono::duration<double>(options_.refill);
  bucket->second.tokens = std::min(burst, bucket->second.tokens + refilled);
  bucket->second.at = now;
  if (bucket->second.tokens < 1.0) return false;
  bucket->second.tokens -= 1.0;
  return true;
}

void EventRecorder::Forget(TimePoint now) {
  for (auto entry = series_.begin(); entry != series_.end();) {
    Series& series = entry->second;
    if (now - series.last_seen < options_.series_gap) {
      ++entry;
      continue;
    }
    entry = series_.erase(entry);
  }
  // A full bucket is as good as none.
  std::erase_if(buckets_, [&](const auto& entry) {
    const double missing = options_.burst_per_object - entry.second.tokens;
    return now - entry.second.at >= options_.refill * missing;
  });
}

}  // namespace sb::kube
