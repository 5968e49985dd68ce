#include "operator/process/prometheus_asker.h"

#include <utility>

namespace sb::process {
namespace {

using Vector = Expected<promql::InstantVector>;

// What newer credentials may mend: a refusal, or a TLS handshake that failed.
bool MayBeCredentials(ErrorCode code) {
  return code == ErrorCode::kUnauthenticated || code == ErrorCode::kPermissionDenied ||
         code == ErrorCode::kUnavailable;
}

Error InOurTerms(Error error, bool sent_some) {
  if (error.code != ErrorCode::kUnauthenticated || error.terminal) return error;
  if (sent_some) {
    error.code = ErrorCode::kPermissionDenied;
  } else {
    error.message += ": set bearerToken or basicAuth in spec.monitoring.prometheus";
  }
  return error;
}

}  // namespace

std::set<std::string> SecretNames(const api::PrometheusAccess& access) {
  std::set<std::string> names;
  for (const auto* key : {&access.bearer_token, &access.username, &access.password,
                          &access.authority, &access.certificate, &access.key}) {
    if (*key) names.insert((*key)->name);
  }
  for (const api::PrometheusField& header : access.headers) {
    if (header.secret) names.insert(header.secret->name);
  }
  return names;
}

Vector PrometheusAsker::AskOnce(const scaling::Source& source, const api::PrometheusAccess& access,
                                Duration timeout, const Send& send) {
  const auto credentials =
      promql::Resolve(access, [this](const std::string& namespace_name, const api::SecretKey& key) {
        return secrets_.Value(namespace_name, key);
      });
  if (!credentials) {
    return Fail(ErrorCode::kUnauthenticated, credentials.error().message);
  }
  auto vector = send(source.url, source.query, timeout, *credentials);
  if (vector) return vector;
  return tl::unexpected(InOurTerms(vector.error(), !credentials->headers.empty()));
}

Vector PrometheusAsker::Ask(const scaling::Source& source, Duration timeout, const Send& send) {
  static const api::PrometheusAccess plain;
  const api::PrometheusAccess& access = source.access ? *source.access : plain;
  const TimePoint end = clock_.Now() + timeout;
  Vector vector = AskOnce(source, access, timeout, send);
  if (vector || !MayBeCredentials(vector.error().code)) return vector;
  const std::set<std::string> names = SecretNames(access);
  if (names.empty() || !secrets_.Refresh(access.namespace_, names)) return vector;
  const Duration left = end - clock_.Now();
  return left > Duration::zero() ? AskOnce(source, access, left, send) : vector;
}

}  // namespace sb::process
