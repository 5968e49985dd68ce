// One core's share of `todo serve`: an event loop with its own listener (SO_REUSEPORT), database
// and Redis connections. Threads share the lifecycle, and what waits to be inserted as tasks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "app/auth/login.h"
#include "app/docs/docs.h"
#include "app/http/api.h"
#include "app/jobs/jobs.h"
#include "app/jobs/outbox.h"
#include "app/lifecycle.h"
#include "app/limits/limiter.h"
#include "app/pool_metrics.h"
#include "app/settings.h"
#include "app/tasks/tasks.h"
#include "app/users/users.h"
#include "app/v1/jobs.h"
#include "app/v1/tasks.h"
#include "app/v1/users.h"
#include "app/v1/webhooks.h"

namespace todo {

// The routes of the service in their order, for the labels of the metrics.
std::vector<http::RequestMetrics::RouteLabels> RouteLabelsOfService(auth::Authority& authority);

class ServingThread {
 public:
  // Listens at once; throws boost::system::system_error if it cannot. Everything given must outlive
  // it.
  ServingThread(const Settings& settings, store::Connections connections,
                store::TaskQueue& task_queue, auth::Authority& authority, limits::Limits& limits,
                Lifecycle& lifecycle, const http::RequestMetrics& metrics,
                http::RequestMetrics::Shard& shard);
  // Joins; Finish must have been called.
  ~ServingThread();

  void Start();
  // From any thread: later answers carry Connection: close.
  void AnnounceClose();
  // From any thread: drains, disconnects and ends; then calls `done` on this thread.
  void Finish(std::chrono::milliseconds deadline, std::function<void()> done);

  void AddTo(PoolMetrics& metrics) const;
  std::uint16_t port() const { return server_->port(); }

 private:
  boost::asio::awaitable<void> DrainAndStop(std::chrono::milliseconds deadline,
                                            std::function<void()> done);
  void SetUpCache(const Settings& settings);

  boost::asio::io_context loop_{1};
  Lifecycle& lifecycle_;
  std::optional<store::Database> database_;
  std::optional<cache::Redis> cache_;
  std::optional<cache::Redis> queue_;
  std::optional<limits::Limiter> limiter_;
  std::optional<auth::Login> login_;
  std::optional<cache::NearCache> near_;
  std::optional<users::UserCache> user_cache_;
  std::optional<users::Users> users_;
  std::optional<tasks::Tasks> tasks_;
  std::optional<jobs::Outbox> outbox_;
  std::optional<jobs::Jobs> jobs_;
  std::optional<v1::Users> v1_users_;
  std::optional<v1::Tasks> v1_tasks_;
  std::optional<v1::Webhooks> v1_webhooks_;
  std::optional<v1::Jobs> v1_jobs_;
  std::optional<docs::Docs> docs_;
  std::optional<http::Api> api_;
  std::optional<sb::http::Server> server_;
  std::thread thread_;
};

}  // namespace todo
