#include "app/serve.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <stdexcept>

#include "app/cores.h"
#include "app/exposition.h"
#include "app/jobs/queue_depth.h"
#include "app/last_resort.h"
#include "app/serving_thread.h"
#include "common/log.h"
#include "common/metrics/process_metrics.h"

namespace todo {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds kDrainDeadline{20};
constexpr std::chrono::seconds kLastGrace{2};

auth::AuthorityOptions AuthorityOptionsOf(const Settings& settings) {
  auth::AuthorityOptions options;
  options.jwt_key_file = settings.jwt_key_file;
  options.tokens.lifetime = std::chrono::seconds(settings.access_token_seconds);
  options.session_lifetime = std::chrono::seconds(settings.refresh_token_seconds);
  options.passwords.threads = settings.password_threads;
  return options;
}

// Throws std::invalid_argument: a limit that somebody meant to set must not be none.
limits::LimitOptions LimitOptionsOf(const Settings& settings) {
  limits::LimitOptions options;
  const auto set = [&](limits::Policy policy, const char* variable, const std::string& text) {
    if (text == "off") return;
    const auto rate = limits::ParseRate(text);
    if (!rate) {
      throw std::invalid_argument(std::string(variable) + " is \"" + text +
                                  "\"; write 5/minute, 100/10s, or off");
    }
    options.rates[static_cast<std::size_t>(policy)] = rate;
  };
  set(limits::Policy::kToken, "RATE_LIMIT_TOKEN", settings.rate_limit_token);
  set(limits::Policy::kTokenUser, "RATE_LIMIT_TOKEN_USER", settings.rate_limit_token_user);
  set(limits::Policy::kRegistration, "RATE_LIMIT_REGISTRATION", settings.rate_limit_registration);
  set(limits::Policy::kTasks, "RATE_LIMIT_TASKS", settings.rate_limit_tasks);
  set(limits::Policy::kUser, "RATE_LIMIT_USER", settings.rate_limit_user);
  set(limits::Policy::kSession, "RATE_LIMIT_SESSION", settings.rate_limit_session);
  auto proxies = limits::Proxies::Parse(settings.trusted_proxies, settings.forwarded_header);
  if (!proxies) throw std::invalid_argument(proxies.error().message);
  options.proxies = std::move(*proxies);
  return options;
}

class Service {
 public:
  explicit Service(const Settings& settings)
      : settings_(settings),
        concurrency_(ConcurrencyOf(settings, AvailableCores())),
        lifecycle_(settings.database_url.empty()
                       ? 0
                       : concurrency_.threads * concurrency_.connections.pipelined(),
                   "the database"),
        authority_(AuthorityOptionsOf(settings)),
        limits_(LimitOptionsOf(settings)),
        requests_(RouteLabelsOfService(authority_), static_cast<std::size_t>(concurrency_.threads)),
        signals_(control_, SIGTERM, SIGINT),
        delay_(control_),
        keys_timer_(control_) {
    Settings same_port = settings_;
    for (int i = 0; i < concurrency_.threads; ++i) {
      threads_.push_back(std::make_unique<ServingThread>(
          same_port, concurrency_.connections, task_queue_, authority_, limits_, lifecycle_, requests_,
          requests_.shard(static_cast<std::size_t>(i))));
      same_port.port = threads_.front()->port();  // with port 0: the one that the first has got
      threads_.back()->AddTo(pools_);
    }
    sb::metrics::Collectables collectables = {&requests_, &pools_, &authority_, &limits_,
                                              &process_};
    if (!settings_.queue_url.empty()) {
      depth_.emplace(control_, settings_.queue_url, settings_.queue);
      collectables.push_back(&*depth_);
    }
    sb::http::ServerOptions options;
    options.address = settings_.address;
    options.port = settings_.metrics_port;
    operations_.emplace(control_, options, OperationsHandler(lifecycle_, std::move(collectables)));
  }

  int Run() {
    for (const auto& thread : threads_) thread->Start();
    if (depth_) depth_->Start();
    sb::log::Info("serving", {{"port", threads_.front()->port()},
                              {"metrics_port", operations_->port()},
                              {"threads", concurrency_.threads}});
    asio::co_spawn(control_, FollowKeys(), asio::detached);
    asio::co_spawn(control_, UntilTold(), asio::detached);
    control_.run();
    threads_.clear();  // joins
    sb::log::Info("stopped");
    return 0;
  }

 private:
  asio::awaitable<void> UntilTold() {
    error_code ignored;
    const int signal =
        co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    signals_.clear();  // the next one ends the process at once
    // Load balancers learn from /readyz that this pod goes, and need a while; meanwhile it serves
    // on, and each answer ends its connection, so that none is left to break.
    lifecycle_.StartDraining();
    for (const auto& thread : threads_) thread->AnnounceClose();
    sb::log::Info("draining", {{"shutdown_delay_s", settings_.shutdown_delay_seconds}});
    if (signal == SIGTERM) {
      delay_.expires_after(std::chrono::milliseconds(
          static_cast<long long>(settings_.shutdown_delay_seconds * 1000)));
      co_await delay_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    left_ = threads_.size();
    for (const auto& thread : threads_) {
      thread->Finish(kDrainDeadline, [this] {
        asio::post(control_, [this] {
          if (--left_ == 0) Stop();
        });
      });
    }
  }

  // Here, where nobody is served: reading files may take its time.
  asio::awaitable<void> FollowKeys() {
    error_code stopped;
    while (!stopped) {
      keys_timer_.expires_after(auth::kKeyRefreshInterval);
      co_await keys_timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
      if (!stopped) authority_.keys().Refresh();
    }
  }

  void Stop() {
    keys_timer_.cancel();
    ExitAtTheLatest(kLastGrace, 0);
    operations_.reset();
    if (depth_) depth_->Stop();
  }

  const Settings settings_;
  const Concurrency concurrency_;
  Lifecycle lifecycle_;
  auth::Authority authority_;
  limits::Limits limits_;
  http::RequestMetrics requests_;
  PoolMetrics pools_;
  sb::metrics::ProcessMetrics process_;
  asio::io_context control_{1};
  asio::signal_set signals_;
  asio::steady_timer delay_;
  asio::steady_timer keys_timer_;
  store::TaskQueue task_queue_;
  std::vector<std::unique_ptr<ServingThread>> threads_;
  std::optional<jobs::QueueDepth> depth_;
  std::optional<sb::http::Server> operations_;
  std::size_t left_ = 0;
};

}  // namespace

int Serve(const Settings& settings) {
  Service service(settings);
  return service.Run();
}

}  // namespace todo
