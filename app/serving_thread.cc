#include "app/serving_thread.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "app/auth/bearer.h"
#include "app/health.h"

namespace todo {
namespace {

namespace asio = boost::asio;

// A cache that answers later than this costs more than it saves.
constexpr std::chrono::milliseconds kCacheTimeout{250};

constexpr http::OpenApiInfo kInfo = {
    .title = "Todo API",
    .version = "1.0.0",
    .description =
        "A small backend made to scale. Paths below /v1 are full resources: bearer tokens, entity "
        "tags, cursors, idempotency keys, errors as problem+json (RFC 9457). The others are those "
        "of the FastAPI tutorial, for its clients.",
    .token_url = "token"};

std::vector<http::Route> RoutesOf(store::Database* database, auth::Login& login,
                                  users::Users& users, tasks::Tasks& tasks, jobs::Jobs& jobs,
                                  v1::Users& v1_users, v1::Tasks& v1_tasks,
                                  v1::Webhooks& v1_webhooks, v1::Jobs& v1_jobs, docs::Docs& docs) {
  std::vector<http::Route> routes;
  AddHealthRoutes(routes, database);
  login.AddRoutes(routes);
  users.AddRoutes(routes);
  tasks.AddRoutes(routes);
  jobs.AddRoutes(routes);
  v1_users.AddRoutes(routes);
  v1_tasks.AddRoutes(routes);
  v1_webhooks.AddRoutes(routes);
  v1_jobs.AddRoutes(routes);
  docs.AddRoutes(routes);
  return routes;
}

std::vector<http::Guard> GuardsOf(std::optional<http::Guard> guard) {
  std::vector<http::Guard> guards;
  if (guard) guards.push_back(std::move(*guard));
  return guards;
}

sb::http::Task Immediately(sb::http::Response response) { co_return response; }

template <typename T>
T* OrNull(std::optional<T>& value) {
  return value ? &*value : nullptr;
}

}  // namespace

std::vector<http::RequestMetrics::RouteLabels> RouteLabelsOfService(auth::Authority& authority) {
  auth::Login login(nullptr, authority, nullptr);
  users::Users users(nullptr, nullptr);
  tasks::Tasks tasks(nullptr);
  jobs::Outbox outbox(nullptr, nullptr, "");
  jobs::Jobs jobs(nullptr, nullptr, outbox);
  v1::Users v1_users(nullptr, {});
  v1::Tasks v1_tasks(nullptr, nullptr, {});
  v1::Webhooks v1_webhooks(nullptr, {});
  v1::Jobs v1_jobs(nullptr, outbox, {});
  docs::Docs docs("", {});
  return http::LabelsOf(
      RoutesOf(nullptr, login, users, tasks, jobs, v1_users, v1_tasks, v1_webhooks, v1_jobs, docs));
}

ServingThread::ServingThread(const Settings& settings, store::Connections connections,
                             store::TaskQueue& task_queue, auth::Authority& authority,
                             limits::Limits& limits, Lifecycle& lifecycle,
                             const http::RequestMetrics& metrics,
                             http::RequestMetrics::Shard& shard)
    : lifecycle_(lifecycle) {
  if (!settings.database_url.empty()) {
    store::PostgresOptions options = PostgresOptionsOf(settings);
    options.on_first_connected = [this] { lifecycle_.Reached(); };
    database_.emplace(loop_, options, connections, task_queue, settings.database_replica_url);
  }
  if (!settings.redis_url.empty()) SetUpCache(settings);
  if (!settings.queue_url.empty()) {
    cache::RedisOptions options;
    options.url = settings.queue_url;
    options.purpose = "queue";
    queue_.emplace(loop_, options);
  }
  limiter_.emplace(limits, OrNull(cache_));
  login_.emplace(OrNull(database_), authority, &*limiter_);
  users_.emplace(OrNull(database_), OrNull(user_cache_));
  tasks_.emplace(OrNull(database_),
                 GuardsOf(limits::PerAddress(*limiter_, limits::Policy::kTasks)));
  outbox_.emplace(OrNull(database_), OrNull(queue_), settings.queue);
  jobs_.emplace(OrNull(database_), OrNull(queue_), *outbox_);
  std::vector<http::Guard> guards = GuardsOf(limits::PerUser(*limiter_, limits::Policy::kUser));
  guards.insert(guards.begin(), auth::Bearer(&login_->tokens()));
  v1::Users::Changed will_change, changed;
  if (user_cache_) {
    will_change = [this](std::int64_t id) { return user_cache_->WillChange(id); };
    changed = [this](std::int64_t id) { return user_cache_->Changed(id); };
  }
  v1_users_.emplace(OrNull(database_),
                    v1::Users::Options{.hash_password =
                                           [&authority](std::string password) {
                                             return authority.passwords().Hash(std::move(password));
                                           },
                                       .will_change = will_change,
                                       .changed = changed,
                                       .guards = guards,
                                       .registration_guards = GuardsOf(limits::PerAddress(
                                           *limiter_, limits::Policy::kRegistration))});
  v1_tasks_.emplace(OrNull(database_), &*outbox_, guards);
  v1_webhooks_.emplace(
      OrNull(database_),
      v1::Webhooks::Options{.guards = guards, .allow_private = settings.webhook_allow_private});
  v1_jobs_.emplace(OrNull(database_), *outbox_, guards);
  docs_.emplace(settings.docs_folder, kInfo);
  api_.emplace(RoutesOf(OrNull(database_), *login_, *users_, *tasks_, *jobs_, *v1_users_,
                        *v1_tasks_, *v1_webhooks_, *v1_jobs_, *docs_),
               metrics, shard, http::ApiOptions{.access_log = settings.access_log});
  docs_->Describe(api_->routes());

  sb::http::ServerOptions options;
  options.address = settings.address;
  options.port = settings.port;
  options.reuse_port = true;
  server_.emplace(loop_, options, [this](const sb::http::Request& request) -> sb::http::Task {
    if (auto probe = lifecycle_.AnswerProbe(request)) return Immediately(std::move(*probe));
    return api_->Handle(request);
  });
}

ServingThread::~ServingThread() {
  if (thread_.joinable()) thread_.join();
}

void ServingThread::Start() {
  if (database_) database_->Start();
  if (cache_) cache_->Start();
  if (queue_) queue_->Start();
  thread_ = std::thread([this] { loop_.run(); });
}

void ServingThread::AnnounceClose() {
  asio::post(loop_, [this] { server_->AnnounceClose(); });
}

void ServingThread::Finish(std::chrono::milliseconds deadline, std::function<void()> done) {
  asio::co_spawn(loop_, DrainAndStop(deadline, std::move(done)), asio::detached);
}

asio::awaitable<void> ServingThread::DrainAndStop(std::chrono::milliseconds deadline,
                                                  std::function<void()> done) {
  co_await server_->Drain(deadline);
  server_.reset();
  if (database_) {
    auto left = database_->Leave();
    co_await std::move(left);
    database_->Stop();
  }
  if (cache_) cache_->Stop();
  if (queue_) queue_->Stop();
  done();
}

void ServingThread::SetUpCache(const Settings& settings) {
  cache::RedisOptions options;
  options.url = settings.redis_url;
  options.command_timeout = kCacheTimeout;
  if (settings.near_cache_bytes > 0) {
    near_.emplace(cache::NearCacheOptions{.most_bytes = settings.near_cache_bytes},
                  cache::NearCache::Clock::now());
    options.on_invalidated = [this](const cache::Value& keys) {
      if (user_cache_) user_cache_->OnInvalidated(keys);
    };
    options.on_tick = [this](cache::NearCache::Clock::time_point now) { near_->Tick(now); };
  }
  options.on_connected = [this] {
    if (user_cache_) user_cache_->OnConnected();
  };
  options.on_lost = [this] {
    if (user_cache_) user_cache_->OnLost();
  };
  cache_.emplace(loop_, options);
  if (database_) user_cache_.emplace(loop_, *database_, *cache_, OrNull(near_));
}

void ServingThread::AddTo(PoolMetrics& metrics) const {
  if (database_) {
    metrics.Add("read", database_->reads().stats());
    if (database_->writes() != nullptr) metrics.Add("write", database_->writes()->stats());
    metrics.Add(database_->transactions());
    if (database_->replica() != nullptr) metrics.Add(*database_->replica());
  }
  if (cache_) metrics.Add("cache", cache_->stats());
  if (user_cache_) metrics.Add(user_cache_->stats());
  if (near_) metrics.Add(near_->stats());
  if (queue_) metrics.Add("queue", queue_->stats());
}

}  // namespace todo
