// Usernames by user id: from the near cache, from Redis, or from the database, in that order
// (cache-aside).
//
//   Expected<std::optional<CachedUser>> user = co_await cache.Find(7);       // none: no such user
//   …
//   co_await cache.WillChange(7);                // before a transaction that renames or deletes 7
//   co_await cache.Changed(7);                   // after its commit, before its answer; also of a
//                                                // new user, who may be remembered as unknown
//
// Redis holds at `user:{id}` the name, for 300 s ± 10 %, or "\0-" for a while if there is no such
// user. A reader that finds nothing puts a token there (a lease), reads the database, and replaces
// its own token by what it read; Changed removes whatever is there. So what was read before a
// change is never kept after it: its token is gone. WillChange puts a token there that nobody has,
// so that no process that dies between commit and Changed leaves an old name behind for 300 s.
//
// Misses of one user share one read (singleflight), if nothing was changed between the first and
// the last of them: the last one has seen the first one's token in Redis, or came before it was
// there. So whoever has got the answer to a change reads what it wrote.
//
// Redis away or late is a slower answer, never a failed one: then every batch of UserReads asks the
// database. What was changed meanwhile is removed when it is back, before anything is read from it.
// Loop thread only, stats() from any.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/async/waiter.h"
#include "app/cache/near_cache.h"
#include "app/cache/redis.h"
#include "app/store/database.h"

namespace todo::users {

struct CachedUser {
  std::string username;
  bool cached = false;  // from Redis or the near cache
};

struct UserCacheOptions {
  std::chrono::seconds time_to_live{300};
  double jitter = 0.1;  // of the time to live, either way: what is filled together ends apart
  std::chrono::seconds unknown_time_to_live{10};
  std::chrono::milliseconds lease{5'000};         // a reader slower than this fills nothing
  std::chrono::milliseconds change_most{15'000};  // longer than any transaction
  std::size_t most_unsent = 10'000;               // changes that Redis has not been told of
};

struct UserCacheStats {
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> unknown_hits{0};  // it is known that there is no such user
  std::atomic<std::uint64_t> misses{0};
  std::atomic<std::uint64_t> joined{0};   // misses that shared another's read
  std::atomic<std::uint64_t> skipped{0};  // Redis was away
  std::atomic<std::uint64_t> invalidations{0};
};

class UserCache {
 public:
  using Found = sb::Expected<std::optional<CachedUser>>;

  // `near` may be null. Wire redis' callbacks to OnConnected, OnInvalidated and OnLost.
  UserCache(boost::asio::io_context& loop, store::Database& database, cache::Redis& redis,
            cache::NearCache* near, UserCacheOptions options = {});

  // Without a trip to anything, or null. Valid until the next call.
  const std::string* FindNear(std::int64_t id) {
    return near_ == nullptr ? nullptr : near_->Find(id);
  }
  boost::asio::awaitable<Found> Find(std::int64_t id);

  boost::asio::awaitable<void> WillChange(std::int64_t id);
  boost::asio::awaitable<void> Changed(std::int64_t id);

  void OnConnected();
  void OnInvalidated(const cache::Value& keys);
  void OnLost();

  const UserCacheStats& stats() const { return stats_; }

 private:
  // One read of the database, and who waits for it.
  struct Flight {
    std::string token;    // what Redis holds meanwhile; "": not known
    bool leasing = true;  // the read has not begun
    std::vector<async::Waiter<Found>> waiters;
  };
  boost::asio::awaitable<Found> Load(std::int64_t id, std::string seen);
  static boost::asio::awaitable<void> Fly(UserCache* self, std::int64_t id,
                                          std::shared_ptr<Flight> flight);
  void Fill(std::int64_t id, const std::string& token, const Found& found);
  std::string NewToken(char kind);
  std::string NewTimeToLive();
  boost::asio::awaitable<Found> Read(std::int64_t id);
  static void Count(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  boost::asio::io_context& loop_;
  store::Database& database_;
  cache::Redis& redis_;
  cache::NearCache* const near_;
  const UserCacheOptions options_;
  UserCacheStats stats_;
  std::unordered_map<std::int64_t, std::shared_ptr<Flight>> flights_;
  std::deque<std::int64_t> unsent_;  // changed while Redis was away
  std::mt19937_64 random_{std::random_device{}()};
  std::uint64_t tokens_ = 0;
  const std::uint64_t token_prefix_ = random_();
};

}  // namespace todo::users
