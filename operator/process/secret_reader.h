// Values of Secrets that backends name, each read by its own name when it is needed: nothing is
// listed, nothing is watched, and only the keys that are asked for are kept.
//
//   SecretReader secrets([&](const kube::ObjectKey& key) { return client.Get(…); }, SystemClock());
//   auto token = secrets.Value("shop", {"prometheus", "token"});
//   if (server_refuses_it && secrets.Refresh("shop", {"prometheus"})) AskAgain();
//
// A value is read again once it is a minute old, and a missing one after five seconds; Refresh does
// so earlier. While the API server cannot be asked, the last value counts. What nobody has asked
// for in ten minutes is forgotten. Thread-safe; blocks for one read.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/error.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/api/prometheus_access.h"
#include "operator/kube/object.h"

namespace sb::process {

inline constexpr std::chrono::seconds kSecretMaxAge{60};
inline constexpr std::chrono::seconds kMissingMaxAge{5};
inline constexpr std::chrono::minutes kSecretUnused{10};

class SecretReader {
 public:
  using Read = std::function<Expected<Json>(const kube::ObjectKey&)>;

  SecretReader(Read read, const Clock& clock) : read_(std::move(read)), clock_(clock) {}

  // kNotFound: no such Secret, or no such key in it; the message says what to do. Other codes: it
  // could not be read and never was.
  Expected<std::string> Value(const std::string& namespace_name, const api::SecretKey& key);

  // Reads those Secrets again that were not read in the last five seconds. Whether a value that
  // somebody has asked for is another one now.
  bool Refresh(const std::string& namespace_name, const std::set<std::string>& names);

  std::size_t size() const;

 private:
  struct Entry {
    std::map<std::string, std::optional<std::string>> keys;  // asked for; empty: not in the Secret
    std::optional<Error> error;                              // of the last read
    TimePoint read;
    TimePoint used;
  };

  // Reads, and keeps the keys of the entry and `key`.
  Entry ReadAgain(const kube::ObjectKey& name, Entry entry, const std::string& key) const;
  void ForgetUnused(TimePoint now);  // holding entries_mutex_
  // Holding entries_mutex_. Adds to `entry` the keys that another thread has asked for meanwhile.
  void Keep(const kube::ObjectKey& name, Entry& entry);

  const Read read_;
  const Clock& clock_;
  mutable std::mutex entries_mutex_;  // never held during a read
  std::map<kube::ObjectKey, Entry> entries_;
};

}  // namespace sb::process
