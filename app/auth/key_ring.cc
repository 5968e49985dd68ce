#include "app/auth/key_ring.h"

#include <openssl/rand.h>

#include <cstdlib>

#include "common/log.h"

namespace todo::auth {
namespace {

KeySet RandomKey() {
  SigningKey key{"ephemeral", std::string(kMinKeyBytes, '\0')};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.secret.data()),
                 static_cast<int>(key.secret.size())) != 1) {
    std::abort();  // a guessable key would let everybody in
  }
  KeySet set;
  set.keys.push_back(std::move(key));
  return set;
}

}  // namespace

KeyRing::KeyRing(std::string path) : path_(std::move(path)) {
  if (!path_.empty()) Refresh();
  if (current_.load(std::memory_order_relaxed) != nullptr) return;
  sb::log::Warning(
      path_.empty()
          ? "JWT_KEY_FILE is not set: tokens are signed with a random key of this process; they "
            "end "
            "with it, and other replicas do not accept them"
          : "no usable JWT key: tokens are signed with a random key of this process until there is "
            "one; other replicas do not accept them");
  Use(RandomKey());
}

void KeyRing::Refresh() {
  if (path_.empty()) return;
  // Taken before the files are read: what changes meanwhile is seen the next time.
  std::string stamp = StampOf(path_);
  if (stamp == stamp_) return;
  stamp_ = std::move(stamp);
  sb::Expected<KeySet> set = ReadKeys(path_);
  if (!set) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    sb::log::Error("JWT keys cannot be used, those in force stay",
                   {{"reason", set.error().message}});
    return;
  }
  const KeySet* const current = current_.load(std::memory_order_relaxed);
  if (current != nullptr && *current == *set) return;  // touched, not changed
  sb::log::Info("JWT keys read",
                {{"keys", set->keys.size()}, {"signing", set->keys[set->signing].id}});
  loads_.fetch_add(1, std::memory_order_relaxed);
  Use(std::move(*set));
}

void KeyRing::Use(KeySet set) {
  sets_.push_back(std::make_unique<const KeySet>(std::move(set)));
  current_.store(sets_.back().get(), std::memory_order_release);
}

}  // namespace todo::auth
