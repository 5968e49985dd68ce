#include "operator/metrics_api/routes.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "operator/api/names.h"
#include "operator/metrics_api/documents.h"
#include "operator/metrics_api/peer_text.h"

namespace sb::metrics_api {
namespace {

constexpr std::size_t kMaxNameBytes = 253;

// Letters, digits and `others`: whatever passes may stand in a message, a log or a review as it is.
bool IsName(std::string_view text, std::string_view others) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return (c < 0x80 && std::isalnum(c) != 0) ||
                  others.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> BadSelector() {
  return Fail(ErrorCode::kInvalidArgument,
              "labelSelector has to be a list of key=value, as in the HPAs of the operator");
}

// What labels.Selector.String() writes for matchLabels: "a=b,c=d".
Expected<std::map<std::string, std::string>> ParseSelector(std::string_view selector) {
  std::map<std::string, std::string> labels;
  for (const std::string_view term : Split(selector, ',')) {
    const std::size_t equals = term.find('=');
    if (equals == std::string_view::npos) return BadSelector();
    const std::string_view key = Trim(term.substr(0, equals));
    std::string_view value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    value = Trim(value);
    if (!IsName(key, "-_./") || !IsName(value, "-_.")) return BadSelector();
    if (!labels.emplace(key, value).second) return BadSelector();
  }
  return labels;
}

}  // namespace

Route ParseRoute(std::string_view path) {
  if (path == "/healthz" || path == "/readyz" || path == "/livez") return HealthRoute{};
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::string group = std::string("/apis/") + kGroup;
  const std::string version = std::string("/apis/") + kGroupVersion;
  if (path == "/apis") return DocumentRoute{Document::kGroupList};
  if (path == group) return DocumentRoute{Document::kSingleGroup};
  if (path == version) return DocumentRoute{Document::kResourceList};
  const std::string prefix = version + "/namespaces/";
  if (!path.starts_with(prefix)) return NoRoute{};
  const auto parts = Split(path.substr(prefix.size()), '/');
  if (parts.size() != 2) return NoRoute{};
  const auto namespace_name = DecodePercent(parts[0]);
  const auto metric = DecodePercent(parts[1]);
  if (!namespace_name || !IsName(*namespace_name, "-") || !metric || !IsName(*metric, "-_.:")) {
    return NoRoute{};
  }
  return MetricRoute{*namespace_name, *metric};
}

Expected<scaling::MetricId> MetricOf(const MetricRoute& route, std::string_view query) {
  const auto selector = QueryValue(query, "labelSelector");
  if (!selector || selector->empty()) return BadSelector();
  const auto labels = ParseSelector(*selector);
  if (!labels) return tl::unexpected(labels.error());
  const auto label = [&](const char* key) {
    const auto found = labels->find(key);
    return found == labels->end() ? std::string() : found->second;
  };
  const std::string name = label(api::kNameLabel);
  const std::string component = label(api::kComponentLabel);
  const std::string worker = label(api::kWorkerLabel);
  const std::size_t known =
      (name.empty() ? 0u : 1u) + (component.empty() ? 0u : 1u) + (worker.empty() ? 0u : 1u);
  // Any other label cannot match: we have none.
  if (name.empty() || component.empty() || known != labels->size()) {
    return Fail(ErrorCode::kNotFound,
                "the selector has to be the one of a ScalableBackend: scalablebackend.io/name, "
                "scalablebackend.io/component, for workers also scalablebackend.io/worker");
  }
  return scaling::MetricId{{route.namespace_name, name},
                           worker.empty() ? component : component + "/" + worker,
                           route.metric};
}

}  // namespace sb::metrics_api
