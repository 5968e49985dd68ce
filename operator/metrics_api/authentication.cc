#include "operator/metrics_api/authentication.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "operator/metrics_api/client_authorities.h"
#include "operator/metrics_api/metrics.h"
#include "operator/metrics_api/peer_text.h"

namespace sb::metrics_api {
namespace {

constexpr std::chrono::seconds kTokenLife{10};
constexpr std::size_t kMaxTokens = 1024;
// Longer than any token of Kubernetes; what is longer is not worth a review.
constexpr std::size_t kMaxTokenBytes = 16 << 10;
constexpr const char* kTokenReviews = "/apis/authentication.k8s.io/v1/tokenreviews";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// The ConfigMap writes lists as JSON texts: '["X-Remote-User"]'.
std::vector<std::string> ListAt(const Json& config_map, const char* key) {
  const Json list = Json::parse(StringAt(config_map, {"data", key}), nullptr, false);
  std::vector<std::string> values;
  if (!list.is_array()) return values;
  for (const Json& value : list) {
    if (value.is_string()) values.push_back(value.get<std::string>());
  }
  return values;
}

std::vector<std::string> StringsAt(const Json& object, const char* key) {
  std::vector<std::string> values;
  const Json* list = Find(object, {key});
  if (list == nullptr || !list->is_array()) return values;
  for (const Json& value : *list) {
    if (value.is_string()) values.push_back(value.get<std::string>());
  }
  return values;
}

Error Unauthenticated(std::string why) { return {ErrorCode::kUnauthenticated, std::move(why), 0}; }

bool AllUtf8(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), [](const auto& text) { return IsUtf8(text); });
}

// What could not be written into an access review is nobody.
Expected<User> Authenticated(User user) {
  bool readable = IsUtf8(user.name) && IsUtf8(user.uid) && AllUtf8(user.groups);
  for (const auto& [key, values] : user.extra)
    readable = readable && IsUtf8(key) && AllUtf8(values);
  if (!readable) return tl::unexpected(Unauthenticated("the user's name or groups are no UTF-8"));
  // Everybody who is somebody belongs to this group, as RBAC's default bindings expect.
  if (std::find(user.groups.begin(), user.groups.end(), kAuthenticatedGroup) == user.groups.end()) {
    user.groups.push_back(kAuthenticatedGroup);
  }
  return user;
}

}  // namespace

struct Authenticator::Config {
  ClientAuthorities front_proxy;
  ClientAuthorities clients;
  std::vector<std::string> allowed_names;  // of the front proxy; empty: any
  std::vector<std::string> user_headers;
  std::vector<std::string> group_headers;
  std::vector<std::string> extra_prefixes;  // lower case

  explicit Config(const Json& config_map)
      : front_proxy(StringAt(config_map, {"data", "requestheader-client-ca-file"})),
        clients(StringAt(config_map, {"data", "client-ca-file"})),
        allowed_names(ListAt(config_map, "requestheader-allowed-names")),
        user_headers(ListAt(config_map, "requestheader-username-headers")),
        group_headers(ListAt(config_map, "requestheader-group-headers")) {
    for (const auto& prefix : ListAt(config_map, "requestheader-extra-headers-prefix")) {
      if (!prefix.empty()) extra_prefixes.push_back(Lower(prefix));
    }
  }

  // Whether the peer is the front proxy, whose word about the user counts.
  bool IsFrontProxy(std::string_view certificate_pem, WallTime now) const {
    const auto subject = front_proxy.Verify(certificate_pem, now);
    return subject &&
           (allowed_names.empty() || std::find(allowed_names.begin(), allowed_names.end(),
                                               subject->common_name) != allowed_names.end());
  }

  std::optional<User> UserOfHeaders(const http::Request& request) const {
    User user;
    for (const auto& header : user_headers) {
      user.name = std::string(request.header(header));
      if (!user.name.empty()) break;
    }
    if (user.name.empty()) return std::nullopt;
    user.uid = std::string(request.header("X-Remote-Uid"));
    for (const auto& header : group_headers) {
      for (const auto group : request.headers(header)) user.groups.emplace_back(group);
    }
    for (const auto& field : request.fields) {
      const std::string name = Lower(field.name);
      for (const auto& prefix : extra_prefixes) {
        if (!name.starts_with(prefix)) continue;
        // The key is percent-encoded, because header names know no '/' (requestheader.go).
        const std::string key = name.substr(prefix.size());
        user.extra[DecodePercent(key).value_or(key)].emplace_back(field.value);
      }
    }
    return user;
  }
};

Authenticator::Authenticator(Review review, const Clock& clock, Metrics* metrics)
    : review_(std::move(review)),
      clock_(clock),
      metrics_(metrics),
      tokens_(clock, kTokenLife, kMaxTokens),
      config_(std::make_shared<const Config>(Json::object())) {}

Authenticator::~Authenticator() = default;

void Authenticator::OnConfigMap(const Json& config_map) {
  auto config = std::make_shared<const Config>(config_map);
  const std::lock_guard lock(config_mutex_);
  config_ = std::move(config);
}

std::shared_ptr<const Authenticator::Config> Authenticator::CurrentConfig() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

std::optional<Expected<User>> Authenticator::AuthenticateAtOnce(
    const http::Request& request) const {
  std::string why = "the request has no client certificate and no bearer token";
  if (!request.peer_certificate_pem.empty()) {
    const auto config = CurrentConfig();
    const WallTime now = clock_.WallNow();
    if (config->IsFrontProxy(request.peer_certificate_pem, now)) {
      if (auto user = config->UserOfHeaders(request)) return Authenticated(*std::move(user));
    }
    const auto subject = config->clients.Verify(request.peer_certificate_pem, now);
    if (subject && !subject->common_name.empty()) {
      User user;
      user.name = subject->common_name;
      user.groups = subject->organizations;
      return Authenticated(std::move(user));
    }
    why = subject ? "the client certificate names nobody" : subject.error().message;
  }
  const std::string token = BearerToken(request);
  if (token.empty()) return tl::unexpected(Unauthenticated(std::move(why)));
  if (token.size() > kMaxTokenBytes || !IsUtf8(token)) {
    return tl::unexpected(Unauthenticated("the bearer token is none"));
  }
  auto known = tokens_.Find(Sha256Hex(token));
  if (known && metrics_ != nullptr) metrics_->CountReview("token", "cached");
  return known;
}

Expected<User> Authenticator::ReviewToken(const std::string& token) {
  const auto answer = review_(kTokenReviews, {{"apiVersion", "authentication.k8s.io/v1"},
                                              {"kind", "TokenReview"},
                                              {"spec", {{"token", token}}}});
  if (metrics_ != nullptr) metrics_->CountReview("token", answer ? "asked" : "error");
  if (!answer) {
    return Fail(ErrorCode::kUnavailable, "the token cannot be reviewed: " + answer.error().message);
  }
  Expected<User> user = tl::unexpected(Unauthenticated("the bearer token is not accepted"));
  const Json* info = Find(*answer, {"status", "user"});
  if (BoolAt(*answer, {"status", "authenticated"}) && info != nullptr &&
      !StringAt(*info, {"username"}).empty()) {
    User found;
    found.name = StringAt(*info, {"username"});
    found.uid = StringAt(*info, {"uid"});
    found.groups = StringsAt(*info, "groups");
    if (const Json* extra = Find(*info, {"extra"}); extra != nullptr && extra->is_object()) {
      for (const auto& [key, values] : extra->items()) {
        found.extra[key] = StringsAt(*extra, key.c_str());
      }
    }
    user = Authenticated(std::move(found));
  }
  tokens_.Put(Sha256Hex(token), user);
  return user;
}

std::string BearerToken(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (Lower(header.substr(0, kScheme.size())) != kScheme) return "";
  std::string_view token = header.substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  while (token.ends_with(' ')) token.remove_suffix(1);
  return std::string(token);
}

}  // namespace sb::metrics_api
