// Who is asking: the delegated authentication of an aggregated API server, in its order
// (k8s.io/apiserver pkg/server/options/authentication.go):
//   1. the front proxy's client certificate, then the user is what its X-Remote-* headers say;
//   2. a client certificate of the cluster's authority: CN is the user, each O a group;
//   3. a bearer token, by TokenReview.
// Nobody else: there is no anonymous user.
//
//   Authenticator authenticator(review, clock);
//   authenticator.OnConfigMap(*client.Get(ConfigMaps(), {"kube-system",
//   kAuthenticationConfigMap})); auto user = authenticator.AuthenticateAtOnce(request); if (!user)
//   user = authenticator.ReviewToken(BearerToken(request));   // blocks: not on the loop
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/http/server.h"
#include "common/json.h"
#include "common/time.h"
#include "operator/metrics_api/review_cache.h"
#include "operator/metrics_api/user.h"

namespace sb::metrics_api {

class Metrics;

inline constexpr const char* kAuthenticationConfigMap = "extension-apiserver-authentication";

// POSTs a review and gives it back answered: kube::Client::PostPath. Has a deadline of its own.
using Review = std::function<Expected<Json>(const std::string& path, const Json& body)>;

class Authenticator {
 public:
  Authenticator(Review review, const Clock& clock, Metrics* metrics = nullptr);
  ~Authenticator();

  // The ConfigMap that tells the authorities. Before the first, certificates convince nobody.
  void OnConfigMap(const Json& config_map);

  // Without I/O: the user, or kUnauthenticated. Empty: ReviewToken has to be asked.
  std::optional<Expected<User>> AuthenticateAtOnce(const http::Request& request) const;

  // TokenReview, cached for 10 s, refusals too. Blocks. kUnauthenticated, or kUnavailable if the
  // API server cannot be asked.
  Expected<User> ReviewToken(const std::string& token);

 private:
  struct Config;
  std::shared_ptr<const Config> CurrentConfig() const;

  const Review review_;
  const Clock& clock_;
  Metrics* const metrics_;
  mutable ReviewCache<Expected<User>> tokens_;  // by the token's hash: tokens are not kept
  mutable std::mutex config_mutex_;             // guards config_
  std::shared_ptr<const Config> config_;
};

// The token of "Authorization: Bearer TOKEN", or empty.
std::string BearerToken(const http::Request& request);

}  // namespace sb::metrics_api
