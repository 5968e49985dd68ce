#include "app/cache/near_cache.h"

namespace todo::cache {

// The slot, the map's node and bucket, and the value's own allocation.
std::size_t NearCache::Cost(std::size_t value_size) {
  constexpr std::size_t kMapNode = 48;
  return sizeof(Slot) + kMapNode + (value_size > 15 ? value_size + 32 : 0);
}

void NearCache::Enable(bool enabled) {
  enabled_ = enabled;
  Flush();
}

const std::string* NearCache::Find(std::int64_t key) {
  if (!enabled_) return nullptr;
  const auto found = slot_of_.find(key);
  if (found == slot_of_.end()) {
    Count(stats_.misses);
    return nullptr;
  }
  Slot& slot = slots_[found->second];
  if (now_ >= slot.until) {
    Free(found->second);
    Count(stats_.misses);
    return nullptr;
  }
  slot.wanted = true;
  Count(stats_.hits);
  return &slot.value;
}

void NearCache::Put(std::int64_t key, std::string_view value) {
  const std::size_t cost = Cost(value.size());
  if (!enabled_ || cost > options_.most_bytes) return;
  if (const auto old = slot_of_.find(key); old != slot_of_.end()) Free(old->second);
  while (bytes_ + cost > options_.most_bytes) EvictOne();
  std::uint32_t at = 0;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  slots_[at] = {key, std::string(value), now_ + options_.most_age, true, false};
  slot_of_.emplace(key, at);
  bytes_ += cost;
  stats_.bytes.store(bytes_, std::memory_order_relaxed);
  stats_.entries.store(slot_of_.size(), std::memory_order_relaxed);
}

void NearCache::Erase(std::int64_t key) {
  const auto found = slot_of_.find(key);
  if (found == slot_of_.end()) return;
  Free(found->second);
  Count(stats_.invalidations);
}

void NearCache::Flush() {
  if (!slot_of_.empty()) Count(stats_.flushes);
  slot_of_.clear();
  slots_.clear();
  free_.clear();
  hand_ = bytes_ = 0;
  stats_.bytes.store(0, std::memory_order_relaxed);
  stats_.entries.store(0, std::memory_order_relaxed);
}

void NearCache::Free(std::size_t at) {
  Slot& slot = slots_[at];
  bytes_ -= Cost(slot.value.size());
  slot_of_.erase(slot.key);
  slot = Slot();
  free_.push_back(static_cast<std::uint32_t>(at));
  stats_.bytes.store(bytes_, std::memory_order_relaxed);
  stats_.entries.store(slot_of_.size(), std::memory_order_relaxed);
}

// There is an entry, else there would be room.
void NearCache::EvictOne() {
  for (;;) {
    hand_ = (hand_ + 1) % slots_.size();
    Slot& slot = slots_[hand_];
    if (!slot.used) continue;
    if (slot.wanted) {
      slot.wanted = false;
      continue;
    }
    Free(hand_);
    Count(stats_.evictions);
    return;
  }
}

}  // namespace todo::cache
