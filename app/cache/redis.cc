#include "app/cache/redis.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <optional>

#include "app/async/backoff.h"
#include "app/async/waiter.h"
#include "app/cache/redis_url.h"
#include "common/log.h"

namespace todo::cache {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;
using Waiter = async::Waiter<Expected<Reply>>;

constexpr std::chrono::milliseconds kTick{100};

struct Sent {
  std::optional<Waiter> waiter;  // none: nobody wants the answer
  Clock::time_point since;
};

}  // namespace

class Redis::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, RedisOptions options)
      : loop_(loop),
        options_(std::move(options)),
        socket_(loop),
        resolver_(loop),
        ticker_(loop),
        pause_(loop) {}

  void Start() {
    asio::co_spawn(loop_, Run(shared_from_this()), asio::detached);
    asio::co_spawn(loop_, Tick(shared_from_this()), asio::detached);
  }

  void Stop() {
    stopped_ = true;
    ticker_.cancel();
    pause_.cancel();
    resolver_.cancel();
    Close();
  }

  // Sends `bytes`, which hold `commands` commands; the answer is that of the last one.
  asio::awaitable<Expected<Reply>> Send(std::string bytes, int commands) {
    if (!stats.connected.load(std::memory_order_relaxed)) {
      co_return Fail(ErrorCode::kUnavailable, "redis: not connected");
    }
    if (sent_.size() + static_cast<std::size_t>(commands) > options_.max_queued) {
      co_return Fail(ErrorCode::kTooManyRequests, "redis: queue is full");
    }
    co_return co_await Waiter::Wait([&](Waiter waiter) {
      for (int i = 1; i < commands; ++i) Push(std::nullopt);
      Push(std::move(waiter));
      output_ += bytes;
      ScheduleFlush();
    });
  }

  void Forget(const std::string& bytes) {
    if (!stats.connected.load(std::memory_order_relaxed)) return;
    if (sent_.size() >= options_.max_queued) return;
    Push(std::nullopt);
    output_ += bytes;
    ScheduleFlush();
  }

  RedisStats stats;

 private:
  static asio::awaitable<void> Run(std::shared_ptr<Impl> self) { co_await self->RunUntilStopped(); }

  asio::awaitable<void> RunUntilStopped() {
    async::Backoff backoff(options_.backoff_first, options_.backoff_most);
    bool told = false;
    while (!stopped_) {
      SetCircuit(Circuit::kHalfOpen);
      const Expected<void> connected = co_await Connect();
      std::string reason;
      if (connected) {
        const Clock::time_point since = Clock::now();
        stats.connected.store(true, std::memory_order_relaxed);
        stats.connects.fetch_add(1, std::memory_order_relaxed);
        SetCircuit(Circuit::kClosed);
        sb::log::Info("redis connected", {{"purpose", options_.purpose}});
        if (options_.on_connected) options_.on_connected();
        reason = co_await Receive();
        stats.connected.store(false, std::memory_order_relaxed);
        if (options_.on_lost) options_.on_lost();
        if (Clock::now() - since >= options_.steady_after) {
          backoff.Reset();
          told = false;
        }
      } else {
        reason = connected.error().message;
      }
      SetCircuit(Circuit::kOpen);
      stats.connected.store(false, std::memory_order_relaxed);
      if (!told && !stopped_) {
        sb::log::Warning("redis is away, reconnecting",
                         {{"purpose", options_.purpose}, {"reason", reason}});
        told = true;
      }
      Close();
      FailAll();
      if (stopped_) co_return;
      error_code ignored;
      pause_.expires_after(backoff.Next());
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  asio::awaitable<Expected<void>> Connect() {
    const Expected<RedisUrl> url = ParseRedisUrl(options_.url);
    if (!url) co_return tl::unexpected<sb::Error>(url.error());
    error_code failed;
    const auto found = co_await resolver_.async_resolve(
        url->host, url->port, asio::redirect_error(asio::use_awaitable, failed));
    if (failed || stopped_) {
      co_return Fail(ErrorCode::kUnavailable,
                     "cannot resolve " + url->host + ": " + failed.message());
    }
    connect_until_ = Clock::now() + options_.connect_timeout;
    // One by one rather than async_connect: closing the socket at the deadline must end it.
    failed = asio::error::host_unreachable;
    for (const auto& entry : found) {
      Close();
      socket_.open(entry.endpoint().protocol(), failed);
      if (failed) continue;
      co_await socket_.async_connect(entry.endpoint(),
                                     asio::redirect_error(asio::use_awaitable, failed));
      if (!failed || stopped_ || !connect_until_) break;
    }
    if (failed) co_return Fail(ErrorCode::kUnavailable, failed.message());
    socket_.set_option(tcp::no_delay(true), failed);
    socket_.set_option(asio::socket_base::keep_alive(true), failed);
    reader_.emplace();
    output_.clear();
    // The PING must be as fast as any command, else nobody's command is sent.
    connect_until_ = Clock::now() + options_.command_timeout;
    co_return co_await LogIn(*url);
  }

  asio::awaitable<Expected<void>> LogIn(const RedisUrl& url) {
    std::string hello;
    int answers = 0;
    const auto add = [&](std::vector<std::string_view> words) {
      AppendCommand(hello, words);
      ++answers;
    };
    const std::string database = std::to_string(url.database);
    const bool tracks = static_cast<bool>(options_.on_invalidated);
    if (tracks && !url.password.empty()) {
      add({"HELLO", "3", "AUTH", url.user.empty() ? "default" : url.user, url.password});
    } else if (tracks) {
      add({"HELLO", "3"});
    } else if (!url.user.empty() && !url.password.empty()) {
      add({"AUTH", url.user, url.password});
    } else if (!url.password.empty()) {
      add({"AUTH", url.password});
    }
    if (url.database != 0) add({"SELECT", database});
    if (tracks) add({"CLIENT", "TRACKING", "ON"});
    add({"PING"});  // a server that still loads its data answers an error
    error_code failed;
    co_await asio::async_write(socket_, asio::buffer(hello),
                               asio::redirect_error(asio::use_awaitable, failed));
    while (!failed && answers > 0) {
      Reply reply;
      const Expected<bool> next = reader_->Next(reply);
      if (!next) co_return tl::unexpected<sb::Error>(next.error());
      if (*next) {
        --answers;
        if (reply.value().is_error()) {
          co_return Fail(ErrorCode::kUnavailable, std::string(reply.value().text()));
        }
        continue;
      }
      const std::size_t bytes = co_await socket_.async_read_some(
          asio::buffer(input_), asio::redirect_error(asio::use_awaitable, failed));
      if (!failed) reader_->Feed({input_, bytes});
    }
    if (failed) co_return Fail(ErrorCode::kUnavailable, failed.message());
    connect_until_.reset();
    co_return Expected<void>();
  }

  enum class Circuit : std::uint64_t { kClosed, kOpen, kHalfOpen };
  void SetCircuit(Circuit circuit) {
    stats.circuit.store(static_cast<std::uint64_t>(circuit), std::memory_order_relaxed);
  }

  void Close() {
    stats.connected.store(false, std::memory_order_relaxed);
    error_code ignored;
    socket_.close(ignored);
  }

  void Push(std::optional<Waiter> waiter) {
    sent_.push_back({std::move(waiter), Clock::now()});
    stats.commands.fetch_add(1, std::memory_order_relaxed);
    stats.queued.store(sent_.size(), std::memory_order_relaxed);
  }

  void ScheduleFlush() {
    if (flushing_) return;
    flushing_ = true;
    asio::post(loop_, [self = shared_from_this()] { self->Flush(); });
  }

  void Flush() {
    if (output_.empty() || !stats.connected.load(std::memory_order_relaxed)) {
      flushing_ = false;
      return;
    }
    writing_.clear();
    writing_.swap(output_);
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        // A failed write is followed by a failed read, which says so.
                        if (failed) {
                          self->flushing_ = false;
                        } else {
                          self->Flush();
                        }
                      });
  }

  // Until the connection ends; why it did.
  asio::awaitable<std::string> Receive() {
    for (;;) {
      error_code failed;
      const std::size_t bytes = co_await socket_.async_read_some(
          asio::buffer(input_), asio::redirect_error(asio::use_awaitable, failed));
      if (failed) co_return late_ ? "no answer in time" : failed.message();
      reader_->Feed({input_, bytes});
      for (;;) {
        Reply reply;
        const Expected<bool> next = reader_->Next(reply);
        if (!next) co_return next.error().message;
        if (!*next) break;
        if (reply.value().is_push()) {
          ResumeDone();
          const Value push = reply.value();
          if (options_.on_invalidated && push[0].text() == "invalidate") {
            options_.on_invalidated(push[1]);
          }
          continue;
        }
        if (sent_.empty()) co_return "an answer to nothing";
        Sent sent = std::move(sent_.front());
        sent_.pop_front();
        if (!sent.waiter) continue;
        if (reply.value().is_error()) {
          stats.errors.fetch_add(1, std::memory_order_relaxed);
          done_.emplace_back(std::move(*sent.waiter),
                             Fail(ErrorCode::kInvalidArgument, std::string(reply.value().text())));
        } else {
          done_.emplace_back(std::move(*sent.waiter), std::move(reply));
        }
      }
      stats.queued.store(sent_.size(), std::memory_order_relaxed);
      ResumeDone();
    }
  }

  // Coroutines run in here and send anew, so everything they touch is settled before.
  void ResumeDone() {
    std::vector<std::pair<Waiter, Expected<Reply>>> done = std::move(done_);
    done_.clear();
    for (auto& [waiter, value] : done) waiter.Resume(std::move(value));
  }

  void FailAll() {
    const ErrorCode code = stopped_ ? ErrorCode::kCancelled
                           : late_  ? ErrorCode::kDeadlineExceeded
                                    : ErrorCode::kUnavailable;
    late_ = false;
    std::deque<Sent> sent = std::move(sent_);
    sent_.clear();
    stats.queued.store(0, std::memory_order_relaxed);
    for (Sent& one : sent) {
      if (one.waiter) {
        stats.errors.fetch_add(1, std::memory_order_relaxed);
        done_.emplace_back(std::move(*one.waiter), Fail(code, "redis: connection lost"));
      }
    }
    ResumeDone();
  }

  static asio::awaitable<void> Tick(std::shared_ptr<Impl> self) {
    while (!self->stopped_) {
      error_code ignored;
      self->ticker_.expires_after(kTick);
      co_await self->ticker_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      const Clock::time_point now = Clock::now();
      if (self->options_.on_tick) self->options_.on_tick(now);
      if (self->connect_until_ && now >= *self->connect_until_) {
        self->connect_until_.reset();
        self->Close();
      }
      if (!self->sent_.empty() && !self->late_ &&
          now - self->sent_.front().since >= self->options_.command_timeout) {
        self->late_ = true;
        self->stats.late.fetch_add(1, std::memory_order_relaxed);
        self->Close();
      }
      if (self->options_.on_invalidated && self->sent_.empty()) self->Forget(self->ping_);
    }
  }

  asio::io_context& loop_;
  const RedisOptions options_;
  tcp::socket socket_;
  tcp::resolver resolver_;
  asio::steady_timer ticker_;
  asio::steady_timer pause_;
  const std::string ping_ = "*1\r\n$4\r\nPING\r\n";
  std::optional<ReplyReader> reader_;
  std::deque<Sent> sent_;
  std::vector<std::pair<Waiter, Expected<Reply>>> done_;
  std::string output_;   // not yet given to the socket
  std::string writing_;  // being written
  char input_[16 * 1024];
  std::optional<Clock::time_point> connect_until_;
  bool flushing_ = false;
  bool late_ = false;
  bool stopped_ = false;
};

namespace {

void Append(std::string& out, Redis::Words words) {
  AppendCommand(out, std::span<const std::string_view>(words.begin(), words.size()));
}

}  // namespace

Redis::Redis(asio::io_context& loop, RedisOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}
Redis::~Redis() { impl_->Stop(); }

void Redis::Start() { impl_->Start(); }
void Redis::Stop() { impl_->Stop(); }

asio::awaitable<Expected<Reply>> Redis::Command(Words words) {
  std::string bytes;
  Append(bytes, words);
  return impl_->Send(std::move(bytes), 1);
}

asio::awaitable<Expected<Reply>> Redis::Transaction(std::initializer_list<Words> commands) {
  std::string bytes;
  Append(bytes, {"MULTI"});
  for (const Words& words : commands) Append(bytes, words);
  Append(bytes, {"EXEC"});
  return impl_->Send(std::move(bytes), static_cast<int>(commands.size()) + 2);
}

void Redis::Forget(Words words) {
  std::string bytes;
  Append(bytes, words);
  impl_->Forget(bytes);
}

void Redis::Forget(std::span<const std::string_view> words) {
  std::string bytes;
  AppendCommand(bytes, words);
  impl_->Forget(bytes);
}

bool Redis::connected() const { return impl_->stats.connected.load(std::memory_order_relaxed); }
const RedisStats& Redis::stats() const { return impl_->stats; }

}  // namespace todo::cache
