#include "app/limits/local_limiter.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace todo::limits {

LocalLimiter::Entry& LocalLimiter::Find(const std::string& key) {
  if (table_.empty()) {
    table_.resize(kSets);
    RAND_bytes(reinterpret_cast<unsigned char*>(seed_.data()), static_cast<int>(seed_.size()));
  }
  std::string seeded(seed_.data(), seed_.size());
  seeded += key;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(seeded.data()), seeded.size(), digest);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest, sizeof hash);
  auto& set = table_[hash % kSets];
  const auto found =
      std::find_if(set.begin(), set.end(), [&](const Entry& one) { return one.hash == hash; });
  if (found != set.end()) return *found;
  Entry& least = *std::min_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
    return a.arrival_us < b.arrival_us;
  });
  least = {hash, 0};
  return least;
}

std::vector<Level> LocalLimiter::Take(std::span<const Charge> charges, std::int64_t now_us) {
  std::vector<Level> levels;
  levels.reserve(charges.size());
  const std::lock_guard held(table_lock_);
  bool allowed = true;
  for (const Charge& charge : charges) {
    std::int64_t arrival = Find(charge.key).arrival_us;
    levels.push_back(limits::Take(charge.rate, now_us, arrival));
    allowed = allowed && levels.back().allowed;
  }
  for (std::size_t i = 0; i < charges.size(); ++i) {
    std::int64_t& arrival = Find(charges[i].key).arrival_us;
    if (allowed) {
      arrival = now_us + levels[i].ahead_us;
    } else if (levels[i].allowed) {
      levels[i].ahead_us -= charges[i].rate.interval_us();  // not counted after all
    }
  }
  return levels;
}

}  // namespace todo::limits
