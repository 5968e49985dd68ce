// Who may ask what: one SubjectAccessReview a request, remembered for 10 s, as every aggregated API
// server does (k8s.io/apiserver pkg/server/options/authorization.go). Members of system:masters may
// everything.
//
//   auto decision = authorizer.AuthorizeAtOnce(user, access);
//   if (!decision) decision = authorizer.ReviewAccess(user, access);   // blocks: not on the loop
//
// Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "common/error.h"
#include "common/time.h"
#include "operator/metrics_api/authentication.h"
#include "operator/metrics_api/review_cache.h"
#include "operator/metrics_api/user.h"

namespace sb::metrics_api {

// What is to be done. With a metric: a list of it in a namespace, because that is how the API
// server reads GET …/namespaces/{ns}/{metric}, and what it has authorized before it forwarded the
// request. Else a GET of the path.
struct Access {
  std::string namespace_name;
  std::string metric;
  std::string path;
};

class Authorizer {
 public:
  Authorizer(Review review, const Clock& clock, Metrics* metrics = nullptr);

  // Without I/O: allowed, or kPermissionDenied. Empty: ReviewAccess has to be asked.
  std::optional<Expected<void>> AuthorizeAtOnce(const User& user, const Access& access) const;

  // Blocks. kPermissionDenied, or kUnavailable if the API server cannot be asked.
  Expected<void> ReviewAccess(const User& user, const Access& access);

 private:
  struct Decision {
    bool allowed = false;
    std::string reason;
  };

  const Review review_;
  Metrics* const metrics_;
  ReviewCache<Decision> decisions_;  // by the review's whole spec
};

}  // namespace sb::metrics_api
