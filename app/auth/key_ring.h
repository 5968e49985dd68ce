// The keys in force, for the whole process; they follow their files without a restart.
//
//   KeyRing ring("/etc/jwt/keys");
//   ring.Refresh();                       // every few seconds, on a thread that serves nobody
//   const KeySet& keys = ring.keys();     // on any thread: one atomic load
//
// Files that cannot be used (a key too short, a folder half written) change nothing: the keys in
// force stay, and a line in the log says why. Without a path, or while the first read fails, a
// random key of this process signs: tokens then do not outlive it and other replicas refuse them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/auth/key_set.h"

namespace todo::auth {

class KeyRing {
 public:
  // `path`: of a file or a folder (key_set.h), or "". Reads it.
  explicit KeyRing(std::string path);
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // Reads the files again if they changed. One thread only.
  void Refresh();

  // Valid as long as the ring: a set that was in force stays in memory (some hundred bytes for each
  // rotation), so that no reader needs a lock or a count.
  const KeySet& keys() const { return *current_.load(std::memory_order_acquire); }

  std::uint64_t loads() const { return loads_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  void Use(KeySet set);

  const std::string path_;
  std::string stamp_;
  std::vector<std::unique_ptr<const KeySet>> sets_;
  std::atomic<const KeySet*> current_{nullptr};
  std::atomic<std::uint64_t> loads_{0};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace todo::auth
