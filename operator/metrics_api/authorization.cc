#include "operator/metrics_api/authorization.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/metrics_api/documents.h"
#include "operator/metrics_api/metrics.h"

namespace sb::metrics_api {
namespace {

constexpr std::chrono::seconds kDecisionLife{10};
constexpr std::size_t kMaxDecisions = 1024;
constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

Json SpecOf(const User& user, const Access& access) {
  Json spec = {{"user", user.name}, {"groups", user.groups}};
  if (!user.uid.empty()) spec["uid"] = user.uid;
  if (!user.extra.empty()) spec["extra"] = user.extra;
  if (access.metric.empty()) {
    spec["nonResourceAttributes"] = {{"path", access.path}, {"verb", "get"}};
  } else {
    spec["resourceAttributes"] = {{"namespace", access.namespace_name},
                                  {"verb", "list"},
                                  {"group", kGroup},
                                  {"version", kVersion},
                                  {"resource", access.metric}};
  }
  return spec;
}

// In the words of the API server.
std::string Refusal(const User& user, const Access& access, const std::string& reason) {
  const std::string what =
      access.metric.empty() ? "cannot get path \"" + access.path + "\""
                            : "cannot list resource \"" + access.metric + "\" in API group \"" +
                                  kGroup + "\" in the namespace \"" + access.namespace_name + "\"";
  return "User \"" + user.name + "\" " + what + (reason.empty() ? "" : ": " + reason);
}

}  // namespace

Authorizer::Authorizer(Review review, const Clock& clock, Metrics* metrics)
    : review_(std::move(review)),
      metrics_(metrics),
      decisions_(clock, kDecisionLife, kMaxDecisions) {}

std::optional<Expected<void>> Authorizer::AuthorizeAtOnce(const User& user,
                                                          const Access& access) const {
  if (std::find(user.groups.begin(), user.groups.end(), kMastersGroup) != user.groups.end()) {
    return Expected<void>();
  }
  const auto known = decisions_.Find(SpecOf(user, access).dump());
  if (!known) return std::nullopt;
  if (metrics_ != nullptr) metrics_->CountReview("access", "cached");
  if (known->allowed) return Expected<void>();
  return Fail(ErrorCode::kPermissionDenied, Refusal(user, access, known->reason));
}

Expected<void> Authorizer::ReviewAccess(const User& user, const Access& access) {
  const Json spec = SpecOf(user, access);
  const auto answer = review_(
      kAccessReviews,
      {{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SubjectAccessReview"}, {"spec", spec}});
  if (metrics_ != nullptr) metrics_->CountReview("access", answer ? "asked" : "error");
  if (!answer) {
    return Fail(ErrorCode::kUnavailable,
                "the access cannot be reviewed: " + answer.error().message);
  }
  const Decision decision{
      BoolAt(*answer, {"status", "allowed"}) && !BoolAt(*answer, {"status", "denied"}),
      StringAt(*answer, {"status", "reason"})};
  decisions_.Put(spec.dump(), decision);
  if (decision.allowed) return {};
  return Fail(ErrorCode::kPermissionDenied, Refusal(user, access, decision.reason));
}

}  // namespace sb::metrics_api
