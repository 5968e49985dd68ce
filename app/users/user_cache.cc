#include "app/users/user_cache.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "app/users/cache_key.h"
#include "common/log.h"

namespace todo::users {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using FoundWaiter = async::Waiter<UserCache::Found>;

// A username holds no NUL, so what begins with one is ours.
constexpr std::string_view kUnknown{"\0-", 2};
constexpr std::size_t kBatch = 500;
constexpr char kLeased = '?';
constexpr char kChanging = '!';

bool IsName(std::string_view value) { return value.empty() || value.front() != '\0'; }

// KEYS[1] becomes ARGV[2] for ARGV[3] seconds, or nothing if there is no ARGV[2], if it still holds
// the lease ARGV[1].
constexpr std::string_view kFill =
    "if redis.call('GET',KEYS[1])==ARGV[1] then "
    "if ARGV[2] then redis.call('SET',KEYS[1],ARGV[2],'EX',ARGV[3]) "
    "else redis.call('DEL',KEYS[1]) end end";

}  // namespace

UserCache::UserCache(asio::io_context& loop, store::Database& database, cache::Redis& redis,
                     cache::NearCache* near, UserCacheOptions options)
    : loop_(loop), database_(database), redis_(redis), near_(near), options_(options) {}

asio::awaitable<UserCache::Found> UserCache::Find(std::int64_t id) {
  auto asked = redis_.Command({"GET", CacheKey(id)});
  const Expected<cache::Reply> reply = co_await std::move(asked);
  if (!reply) {
    Count(stats_.skipped);
    auto read = Read(id);
    co_return co_await std::move(read);
  }
  std::string seen;
  if (!reply->value().is_nil()) {
    const std::string_view value = reply->value().text();
    if (IsName(value)) {
      Count(stats_.hits);
      if (near_ != nullptr) near_->Put(id, value);
      co_return CachedUser{std::string(value), true};
    }
    if (value == kUnknown) {
      Count(stats_.unknown_hits);
      co_return std::nullopt;
    }
    seen = value;
  }
  Count(stats_.misses);
  auto loaded = Load(id, std::move(seen));
  co_return co_await std::move(loaded);
}

// `seen`: the token that Redis holds, or "".
asio::awaitable<UserCache::Found> UserCache::Load(std::int64_t id, std::string seen) {
  std::shared_ptr<Flight>& flight = flights_[id];
  // Not one that began before a change whose end the caller may have seen.
  const bool join =
      flight != nullptr && (flight->leasing || (!seen.empty() && seen == flight->token));
  if (join) {
    Count(stats_.joined);
  } else {
    flight = std::make_shared<Flight>();
    flight->leasing = seen.empty();
    flight->token = std::move(seen);
    // On its own: the one who came first may be gone before the others have their answer.
    asio::co_spawn(loop_, Fly(this, id, flight), asio::detached);
  }
  auto landed = FoundWaiter::Wait(
      [flight](FoundWaiter waiter) { flight->waiters.push_back(std::move(waiter)); });
  co_return co_await std::move(landed);
}

asio::awaitable<void> UserCache::Fly(UserCache* self, std::int64_t id,
                                     std::shared_ptr<Flight> flight) {
  bool owned = false;
  if (flight->leasing) {
    flight->token = self->NewToken(kLeased);
    const std::string until = std::to_string(self->options_.lease.count());
    auto asked = self->redis_.Command({"SET", CacheKey(id), flight->token, "NX", "PX", until});
    const Expected<cache::Reply> reply = co_await std::move(asked);
    owned = reply && !reply->value().is_nil();
    if (!owned) flight->token.clear();
    flight->leasing = false;
  }
  auto read = self->Read(id);
  const Found found = co_await std::move(read);
  if (owned) self->Fill(id, flight->token, found);
  const auto present = self->flights_.find(id);
  if (present != self->flights_.end() && present->second == flight) self->flights_.erase(present);
  for (FoundWaiter& waiter : std::exchange(flight->waiters, {})) waiter.Resume(found);
}

asio::awaitable<UserCache::Found> UserCache::Read(std::int64_t id) {
  auto asked = database_.UserById(id);
  const Expected<std::optional<store::Row>> user = co_await std::move(asked);
  if (!user) co_return tl::unexpected(user.error());
  if (!*user) co_return std::nullopt;
  co_return CachedUser{std::string((*user)->text(1)), false};
}

void UserCache::Fill(std::int64_t id, const std::string& token, const Found& found) {
  const CacheKey key(id);
  if (!found) {
    redis_.Forget({"EVAL", kFill, "1", key, token});
  } else if (*found) {
    redis_.Forget({"EVAL", kFill, "1", key, token, (*found)->username, NewTimeToLive()});
  } else {
    const std::string until = std::to_string(options_.unknown_time_to_live.count());
    redis_.Forget({"EVAL", kFill, "1", key, token, kUnknown, until});
  }
}

asio::awaitable<void> UserCache::WillChange(std::int64_t id) {
  const std::string token = NewToken(kChanging);
  const std::string until = std::to_string(options_.change_most.count());
  auto asked = redis_.Command({"SET", CacheKey(id), token, "PX", until});
  (void)co_await std::move(asked);
}

asio::awaitable<void> UserCache::Changed(std::int64_t id) {
  Count(stats_.invalidations);
  if (near_ != nullptr) near_->Erase(id);
  auto asked = redis_.Command({"DEL", CacheKey(id)});
  const Expected<cache::Reply> reply = co_await std::move(asked);
  if (reply) co_return;
  if (unsent_.size() >= options_.most_unsent) {
    sb::log::Warning("cache: more users were changed than can be remembered while redis is away");
    unsent_.pop_front();
  }
  unsent_.push_back(id);
  if (redis_.connected()) OnConnected();  // it came back while the answer was awaited
}

void UserCache::OnConnected() {
  std::deque<std::int64_t> unsent = std::exchange(unsent_, {});
  for (std::size_t done = 0; done < unsent.size(); done += kBatch) {
    // In few commands: the queue of the connection is bounded.
    std::vector<std::string> keys;
    for (std::size_t i = done; i < unsent.size() && i < done + kBatch; ++i) {
      keys.emplace_back(CacheKey(unsent[i]));
    }
    std::vector<std::string_view> words = {"DEL"};
    words.insert(words.end(), keys.begin(), keys.end());
    redis_.Forget(words);
  }
  if (near_ != nullptr) near_->Enable(true);
}

void UserCache::OnInvalidated(const cache::Value& keys) {
  if (near_ == nullptr) return;
  if (keys.is_nil()) return near_->Flush();  // FLUSHALL
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto id = CacheKey::IdOf(keys[i].text())) near_->Erase(*id);
  }
}

void UserCache::OnLost() {
  if (near_ != nullptr) near_->Enable(false);
}

// Of no other process, nor of this one before.
std::string UserCache::NewToken(char kind) {
  return std::string(1, '\0') + kind + std::to_string(token_prefix_) + "-" +
         std::to_string(++tokens_);
}

std::string UserCache::NewTimeToLive() {
  const double seconds = static_cast<double>(options_.time_to_live.count());
  std::uniform_real_distribution<double> spread(1 - options_.jitter, 1 + options_.jitter);
  return std::to_string(static_cast<long long>(seconds * spread(random_)));
}

}  // namespace todo::users
