// What a request to Prometheus carries besides the query, with every secret in its place.
//
//   auto credentials = Resolve(backend.prometheus_access, [&](name_space, key) { return …; });
//   client.Query(url, "sum(up)", 3s, *credentials);
//
// Pure. A Credentials is a secret: it goes into requests and nowhere else.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "operator/api/prometheus_access.h"

namespace sb::promql {

struct Credentials {
  std::vector<std::pair<std::string, std::string>> headers = {};  // Authorization among them
  std::vector<std::pair<std::string, std::string>> query_parameters = {};
  std::string authority_pem = {};    // who signs the server's certificate; "": the system's
  std::string certificate_pem = {};  // ours, with key_pem
  std::string key_pem = {};
  // Where the three above come from, for messages: Secret "shop/prometheus". No secret.
  std::string tls_origin = {};
  std::vector<std::string> secrets = {};  // every value that must not be repeated to anybody
};

// The value of a key of a Secret; the error names both and says what to do.
using SecretValue =
    std::function<Expected<std::string>(const std::string& namespace_name, const api::SecretKey&)>;

// kNotFound and others of `value_of`; kInvalidArgument if a value cannot be sent as a header
// (control characters, such as a line break in the middle). White space around a value is cut off:
// files that Secrets are made from end in a line break.
Expected<Credentials> Resolve(const api::PrometheusAccess& access, const SecretValue& value_of);

// `text` with every secret replaced: servers may repeat what they were sent.
std::string WithoutSecrets(std::string text, const Credentials& credentials);

}  // namespace sb::promql
