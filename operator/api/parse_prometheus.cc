#include "operator/api/parse_prometheus.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "operator/api/query.h"

namespace sb::api {
namespace {

constexpr std::size_t kMostFields = 16;
constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestValue = 2048;

// What HTTP itself or this client sets, in lower case: a second one would be a surprise at best.
constexpr std::array<std::string_view, 12> kOwnHeaders = {
    "accept",         "authorization",       "connection",
    "content-length", "content-type",        "cookie",
    "host",           "proxy-authorization", "te",
    "upgrade",        "transfer-encoding",   "user-agent"};
// What /api/v1/query and /api/v1/query_range are asked with.
constexpr std::array<std::string_view, 6> kOwnParameters = {"query", "time", "timeout",
                                                            "start", "end",  "step"};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <typename List>
bool IsIn(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsFieldName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<SecretKey> ParseKey(const Field& field) {
  if (!field.Object()) return std::nullopt;
  SecretKey key;
  if (field["name"].Required("name the Secret")) key.name = field["name"].String("", 253);
  if (field["key"].Required("name the key in the Secret")) key.key = field["key"].String("", 253);
  return key;
}

class Parser {
 public:
  Parser(const Field& field, const std::string& namespace_name, const std::string& name)
      : field_(field), namespace_(namespace_name), name_(name) {}

  PrometheusAccess Parse(const std::string& url) && {
    ParseAuthorization();
    ParseTls(url);
    for (const Field& header : field_["headers"].Items(kMostFields)) ParseHeader(header);
    for (const Field& parameter : field_["queryParameters"].Items(kMostFields)) {
      ParseParameter(parameter);
    }
    const bool secret_header =
        std::any_of(access_.headers.begin(), access_.headers.end(),
                    [](const PrometheusField& header) { return header.secret.has_value(); });
    if (access_.bearer_token || access_.username || access_.authority || access_.certificate ||
        secret_header) {
      access_.namespace_ = namespace_;
    }
    return std::move(access_);
  }

 private:
  void ParseAuthorization() {
    const Field basic = field_["basicAuth"];
    access_.bearer_token = ParseKey(field_["bearerToken"]);
    if (!basic.Object()) return;
    if (access_.bearer_token) basic.Fault("does not go with bearerToken; keep one of the two");
    if (basic["username"].Required("say where the user name is")) {
      access_.username = ParseKey(basic["username"]);
    }
    if (basic["password"].Required("say where the password is")) {
      access_.password = ParseKey(basic["password"]);
    }
  }

  void ParseTls(const std::string& url) {
    const Field tls = field_["tls"];
    if (!tls.Object()) return;
    if (field_["url"].present() && url.starts_with("http://")) {
      tls.Fault("needs a url that begins with https://");
    }
    access_.authority = ParseKey(tls["ca"]);
    access_.certificate = ParseKey(tls["certificate"]);
    access_.key = ParseKey(tls["key"]);
    if (access_.certificate.has_value() != access_.key.has_value()) {
      tls.Fault("has only one of certificate and key; a client certificate needs both");
    }
  }

  // A value of the spec, with its variables filled in.
  std::string ParseValue(const Field& value) {
    const auto text = value.Text(kLongestValue);
    if (!text) return "";
    if (!IsPrintable(*text)) {
      value.Fault("holds a line break or another character that is not printable ASCII");
      return "";
    }
    auto expanded = ExpandQuery(*text, namespace_, name_);
    if (expanded) return *std::move(expanded);
    value.Fault(expanded.error().message);
    return "";
  }

  std::string ParseName(const Field& field, std::set<std::string>& names) {
    if (!field["name"].Required("say which one")) return "";
    const std::string name = field["name"].String("", kLongestName);
    if (!IsFieldName(name)) {
      field["name"].Fault(Quote(name) + " has to be letters, digits, '-', '_' and '.'");
    } else if (!names.insert(Lower(name)).second) {
      field["name"].Fault(Quote(name) + " is used twice; keep one");
    }
    return name;
  }

  void ParseHeader(const Field& field) {
    if (!field.Object()) return;
    PrometheusField header{.name = ParseName(field, header_names_)};
    if (IsIn(kOwnHeaders, Lower(header.name))) {
      field["name"].Fault(Quote(header.name) +
                          " is not a header to set here; use bearerToken or basicAuth for "
                          "credentials, and url for the host");
    }
    header.secret = ParseKey(field["secretRef"]);
    if (header.secret.has_value() == field["value"].present()) {
      field.Fault("has to have exactly one of value and secretRef");
    }
    header.value = ParseValue(field["value"]);
    access_.headers.push_back(std::move(header));
  }

  void ParseParameter(const Field& field) {
    if (!field.Object()) return;
    PrometheusField parameter{.name = ParseName(field, parameter_names_)};
    if (IsIn(kOwnParameters, Lower(parameter.name))) {
      field["name"].Fault(Quote(parameter.name) + " is set by the operator; remove it");
    }
    field["value"].Required("say what it is");
    parameter.value = ParseValue(field["value"]);
    access_.query_parameters.push_back(std::move(parameter));
  }

  const Field& field_;
  const std::string& namespace_;
  const std::string& name_;
  PrometheusAccess access_;
  std::set<std::string> header_names_;
  std::set<std::string> parameter_names_;
};

}  // namespace

PrometheusAccess ParsePrometheusAccess(const Field& field, const std::string& namespace_name,
                                       const std::string& name, const std::string& url) {
  if (!field.Object()) return {};
  return Parser(field, namespace_name, name).Parse(url);
}

}  // namespace sb::api
