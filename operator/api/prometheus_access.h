// How a backend wants its Prometheus to be asked beyond the url: who it says it is, whom it trusts,
// what it adds to each request. Secrets are named here, never held: promql::Resolve
// (prometheus/credentials.h) puts their values in just before a query.
//
//   access.bearer_token = SecretKey{"prometheus", "token"};   // of the Secret in access.namespace_
//
// A plain value. Two that are equal ask in the same way, so their samples may be shared.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

namespace sb::api {

// A key of a Secret in the backend's namespace.
struct SecretKey {
  std::string name;
  std::string key;
  friend auto operator<=>(const SecretKey&, const SecretKey&) = default;
};

// A header (or a query parameter, which never has a secret).
struct PrometheusField {
  std::string name;
  std::string value;                     // unless `secret` is set
  std::optional<SecretKey> secret = {};  // holds the value
  friend auto operator<=>(const PrometheusField&, const PrometheusField&) = default;
};

struct PrometheusAccess {
  std::string namespace_ = {};  // of the Secrets; empty if none is named
  std::optional<SecretKey> bearer_token = {};
  std::optional<SecretKey> username = {};  // with `password`; never with bearer_token
  std::optional<SecretKey> password = {};
  std::optional<SecretKey> authority = {};    // who signs the server's certificate; unset: the
                                              // system's authorities
  std::optional<SecretKey> certificate = {};  // ours, with `key`
  std::optional<SecretKey> key = {};
  std::vector<PrometheusField> headers = {};
  std::vector<PrometheusField> query_parameters = {};
  friend auto operator<=>(const PrometheusAccess&, const PrometheusAccess&) = default;

  bool IsPlain() const { return *this == PrometheusAccess{}; }
};

}  // namespace sb::api
