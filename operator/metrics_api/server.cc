#include "operator/metrics_api/server.h"

#include <string>
#include <utility>
#include <variant>

#include "operator/metrics_api/blocking_pool.h"
#include "operator/metrics_api/documents.h"
#include "operator/metrics_api/routes.h"

namespace sb::metrics_api {
namespace {

constexpr std::size_t kReviewThreads = 2;
constexpr std::size_t kQueryThreads = 4;
// The HPA controller has 5 workers and waits for each answer; many times that is somebody else's
// flood.
constexpr int kMaxPending = 64;

http::Response Answer(int status, const Json& document) {
  http::Response response;
  response.status = status;
  // Whatever slipped through as broken UTF-8 must not throw.
  response.body = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

http::Response Refuse(int status, std::string_view message) {
  http::Response response = Answer(status, StatusDocument(status, message));
  if (status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response Refuse(const Error& error) { return Refuse(HttpStatus(error.code), error.message); }

http::Response Busy() { return Refuse(429, "too many requests are waiting; try again"); }

http::Response DocumentAnswer(Document document) {
  switch (document) {
    case Document::kGroupList:
      return Answer(200, ApiGroupList());
    case Document::kSingleGroup:
      return Answer(200, ApiGroup());
    case Document::kResourceList:
      break;
  }
  return Answer(200, ApiResourceList());
}

http::Response SampleAnswer(const scaling::MetricId& id,
                            const std::optional<scaling::Sample>& sample) {
  const std::string what = "metric " + id.metric + " of " + id.target + " of ScalableBackend " +
                           id.backend.namespace_name + "/" + id.backend.name;
  if (!sample) return Refuse(404, what + " does not exist");
  if (sample->evidence != scaling::Evidence::kFresh) {
    return Refuse(503, what + " has no present value, so its replicas stay: " + sample->error);
  }
  return Answer(200, MetricValueList(id.metric, sample->value, sample->at));
}

}  // namespace

class MetricsApi::Impl {
 public:
  Impl(Authenticator& authenticator, Authorizer& authorizer, CurrentSample current_sample,
       const Clock& clock, Metrics* metrics)
      : authenticator_(authenticator),
        authorizer_(authorizer),
        current_sample_(std::move(current_sample)),
        clock_(clock),
        metrics_(metrics) {}

  http::Task Handle(const http::Request& request) {
    const TimePoint arrived = clock_.Now();
    http::Response response = co_await Respond(request, arrived + kSampleTimeout);
    if (metrics_ != nullptr) metrics_->CountRequest(response.status);
    co_return response;
  }

 private:
  http::Task Respond(const http::Request& request, TimePoint deadline) {
    const Route route = ParseRoute(request.path);
    if (std::holds_alternative<HealthRoute>(route)) {
      http::Response response;
      response.content_type = "text/plain; charset=utf-8";
      response.body = "ok";
      co_return response;
    }

    std::optional<Expected<User>> user = authenticator_.AuthenticateAtOnce(request);
    if (!user) {
      auto review = [this, deadline, token = BearerToken(request)] {
        return clock_.Now() < deadline ? authenticator_.ReviewToken(token) : TooLate<User>();
      };
      user = co_await reviews_.Run(std::move(review));
    }
    if (!user) co_return Busy();
    if (!*user) co_return Refuse((*user).error());

    if (std::holds_alternative<NoRoute>(route)) {
      co_return Refuse(404, "the server could not find the requested resource");
    }
    if (request.method != "GET") co_return Refuse(405, "only GET is supported");

    Access access;
    const auto* wanted = std::get_if<MetricRoute>(&route);
    if (wanted != nullptr) {
      access.namespace_name = wanted->namespace_name;
      access.metric = wanted->metric;
    } else {
      access.path = std::string(request.path);
    }
    std::optional<Expected<void>> allowed = authorizer_.AuthorizeAtOnce(**user, access);
    if (!allowed) {
      auto review = [this, deadline, who = **user, access] {
        return clock_.Now() < deadline ? authorizer_.ReviewAccess(who, access) : TooLate<void>();
      };
      allowed = co_await reviews_.Run(std::move(review));
    }
    if (!allowed) co_return Busy();
    if (!*allowed) co_return Refuse((*allowed).error());

    if (wanted == nullptr) co_return DocumentAnswer(std::get<DocumentRoute>(route).document);
    const Expected<scaling::MetricId> id = MetricOf(*wanted, request.query);
    if (!id) co_return Refuse(id.error());
    auto ask = [this, deadline, metric = *id] { return current_sample_(metric, deadline); };
    const std::optional<std::optional<scaling::Sample>> sample =
        co_await queries_.Run(std::move(ask));
    if (!sample) co_return Busy();
    co_return SampleAnswer(*id, *sample);
  }

  template <typename T>
  static Expected<T> TooLate() {
    return Fail(ErrorCode::kDeadlineExceeded, "the API server answers too slowly");
  }

  Authenticator& authenticator_;
  Authorizer& authorizer_;
  const CurrentSample current_sample_;
  const Clock& clock_;
  Metrics* const metrics_;
  BlockingPool reviews_{kReviewThreads, kMaxPending};
  BlockingPool queries_{kQueryThreads, kMaxPending};
};

MetricsApi::MetricsApi(Authenticator& authenticator, Authorizer& authorizer,
                       CurrentSample current_sample, const Clock& clock, Metrics* metrics)
    : impl_(std::make_unique<Impl>(authenticator, authorizer, std::move(current_sample), clock,
                                   metrics)) {}
MetricsApi::~MetricsApi() = default;

http::Task MetricsApi::Handle(const http::Request& request) { return impl_->Handle(request); }

}  // namespace sb::metrics_api
