// Remembers answers of the API server's reviews for a short while.
//
//   ReviewCache<bool> cache(clock, 10s, 1024);
//   if (auto known = cache.Find(key)) return *known;
//   cache.Put(key, Ask());
//
// Thread-safe. Holds at most `capacity` answers; the oldest goes first.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/time.h"

namespace sb::metrics_api {

template <typename Value>
class ReviewCache {
 public:
  ReviewCache(const Clock& clock, Duration life, std::size_t capacity)
      : clock_(clock), life_(life), capacity_(capacity) {}

  std::optional<Value> Find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || found->second->expires <= clock_.Now()) return std::nullopt;
    return found->second->value;
  }

  void Put(const std::string& key, Value value) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      entries_.erase(found->second);
      by_key_.erase(found);
    }
    // All live equally long, so the front is both the oldest and the first to expire.
    const TimePoint now = clock_.Now();
    while (!entries_.empty() && (entries_.size() >= capacity_ || entries_.front().expires <= now)) {
      by_key_.erase(entries_.front().key);
      entries_.pop_front();
    }
    entries_.push_back({key, std::move(value), now + life_});
    by_key_[key] = std::prev(entries_.end());
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    TimePoint expires;
  };

  const Clock& clock_;
  const Duration life_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;
  std::map<std::string, typename std::list<Entry>::iterator> by_key_;
};

}  // namespace sb::metrics_api
