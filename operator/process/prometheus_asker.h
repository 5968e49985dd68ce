// Asks a Prometheus as its backend wants it asked: with credentials from Secrets, and once more
// with newer ones if the server refuses them and they have changed, so that a rotation costs no
// sample.
//
//   PrometheusAsker ask(secrets, [&](auto&... all) { return client.Query(all...); },
//   SystemClock()); auto vector = ask({"http://prometheus:9090", "sum(up)", access}, 3s);
//
// Errors are those of promql::Client, but for credentials: kUnauthenticated when there are none to
// send (a Secret or key is missing or holds what cannot be sent, or the server wants some and the
// spec names none), kPermissionDenied when the server refuses those that were sent. No message
// holds a secret. Thread-safe.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "common/error.h"
#include "common/time.h"
#include "operator/process/secret_reader.h"
#include "operator/prometheus/client.h"
#include "operator/scaling/source.h"

namespace sb::process {

class PrometheusAsker {
 public:
  using Send = std::function<Expected<promql::InstantVector>(
      const std::string& url, const std::string& query, Duration timeout,
      const promql::Credentials&)>;

  PrometheusAsker(SecretReader& secrets, Send send, const Clock& clock)
      : secrets_(secrets), send_(std::move(send)), clock_(clock) {}

  Expected<promql::InstantVector> operator()(const scaling::Source& source, Duration timeout) {
    return Ask(source, timeout, send_);
  }
  // The same for another kind of query: `send` makes it.
  Expected<promql::InstantVector> Ask(const scaling::Source& source, Duration timeout,
                                      const Send& send);

 private:
  Expected<promql::InstantVector> AskOnce(const scaling::Source& source,
                                          const api::PrometheusAccess& access, Duration timeout,
                                          const Send& send);

  SecretReader& secrets_;
  const Send send_;
  const Clock& clock_;
};

// The names of the Secrets that `access` takes values from.
std::set<std::string> SecretNames(const api::PrometheusAccess& access);

}  // namespace sb::process
