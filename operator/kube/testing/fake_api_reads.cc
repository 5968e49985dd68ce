// Gets and lists of the fake API server. What each resourceVersion means for a list:
//   ""     the latest, from etcd
//   "0"    whatever the watch cache has, which knows no pages
//   other  not older than that, from the watch cache; with a limit, or match=Exact: exactly that,
//          from etcd
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

namespace sb::kube {
namespace {

Response TooLarge(std::uint64_t asked) {
  Response response = JsonResponse(504, TooLargeStatus(asked));
  response.headers["Retry-After"] = "1";
  return response;
}

// Where a page begins: "version/namespace/name/empty": the version of the first page, the last key
// of the page before, and how many empty pages have come since.
struct ContinueToken {
  std::uint64_t version = 0;
  ObjectKey after;
  int empty_pages = 0;

  std::string Text() const {
    return std::to_string(version) + "/" + after.namespace_ + "/" + after.name + "/" +
           std::to_string(empty_pages);
  }
  static std::optional<ContinueToken> Parse(const std::string& text) {
    ContinueToken token;
    std::vector<std::string> parts(1);
    for (char c : text) {
      if (c == '/') {
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
    if (parts.size() != 4) return std::nullopt;
    token.version = Number(parts[0]);
    token.after = {parts[1], parts[2]};
    token.empty_pages = static_cast<int>(Number(parts[3]));
    return token;
  }
};

// What is wrong with the combination of parameters, if anything.
std::string Complaint(const Request& request) {
  const std::string asked = QueryValue(request, "resourceVersion");
  const std::string match = QueryValue(request, "resourceVersionMatch");
  const bool continues = !QueryValue(request, "continue").empty();
  if (continues && !asked.empty()) {
    return "specifying resource version is not allowed when using continue";
  }
  if (!QueryValue(request, "sendInitialEvents").empty()) {
    return "sendInitialEvents is forbidden for list";
  }
  if (match.empty()) return "";
  if (continues) return "resourceVersionMatch is forbidden when continue is provided";
  if (asked.empty()) return "resourceVersionMatch is forbidden unless resourceVersion is provided";
  if (match != "Exact" && match != "NotOlderThan") return "resourceVersionMatch: unsupported value";
  if (match == "Exact" && asked == "0") return "Exact is forbidden for resourceVersion \"0\"";
  return "";
}

}  // namespace

Response FakeApiServer::Implementation::LockedGet(const FakeRoute& route, const Request& request) {
  const auto object = etcd.GetAt(route.key(), frozen.value_or(etcd.version()));
  if (!object) return NotFound(route);
  return {200, {{"Content-Type", "application/json"}}, object->Text(WantsMetadataOnly(request))};
}

Response FakeApiServer::Implementation::LockedList(const FakeRoute& route, const Request& request) {
  const auto selection = FakeSelection::Of(route, request);
  if (!selection) return StatusResponse(400, "BadRequest", "unable to parse the selector");
  if (const std::string complaint = Complaint(request); !complaint.empty()) {
    return StatusResponse(400, "BadRequest", complaint);
  }
  const std::string asked = QueryValue(request, "resourceVersion");
  const std::string match = QueryValue(request, "resourceVersionMatch");
  const std::string token_text = QueryValue(request, "continue");
  std::size_t limit = Number(QueryValue(request, "limit"));
  std::uint64_t version = etcd.version();
  std::optional<ContinueToken> token;
  if (!token_text.empty()) {
    token = ContinueToken::Parse(token_text);
    if (!token) return StatusResponse(400, "BadRequest", "continue key is not valid");
    version = token->version;
    if (version < etcd.compacted() || version > etcd.version()) {
      return StatusResponse(410, "Expired", "The provided continue parameter is too old");
    }
  } else if (asked == "0") {
    if (traits.watch_cache) {
      version = LockedCacheVersion();
      limit = 0;
    }
  } else if (match == "Exact" || (match.empty() && !asked.empty() && limit > 0)) {
    version = Number(asked);
    if (version > etcd.version()) return TooLarge(version);
    if (version < etcd.compacted()) {
      return StatusResponse(410, "Expired", "The resourceVersion for the provided list is too old");
    }
  } else if (!asked.empty()) {
    if (limit == 0 && traits.watch_cache) version = LockedCacheVersion();
    if (Number(asked) > version) return TooLarge(Number(asked));
  }
  if (frozen) version = *frozen;

  const bool metadata_only = WantsMetadataOnly(request);
  std::string items;
  std::size_t count = 0, remaining = 0;
  ContinueToken next{version, {}, 0};
  const bool empty_page = token && token->empty_pages < traits.empty_pages;
  if (empty_page) {
    next = {version, token->after, token->empty_pages + 1};
    remaining = 1;
  } else {
    for (const RevisionPtr& revision : etcd.ListAt(route.collection, version)) {
      if (!selection->Has(revision)) continue;
      if (token || limit > 0) {
        ObjectKey key = KeyOf(revision->object());
        if (token && key <= token->after) continue;
        if (limit > 0 && count == limit) {
          ++remaining;
          continue;
        }
        next.after = std::move(key);
      }
      if (count++ > 0) items += ',';
      items += revision->ItemText(metadata_only);
    }
  }
  const Json metadata_kind =
      metadata_only ? "PartialObjectMetadataList" : etcd.KindOf(route.collection) + "List";
  Json metadata{{"resourceVersion", std::to_string(version)}};
  if (remaining > 0) {
    metadata["continue"] = next.Text();
    const bool all_of_a_kind = QueryValue(request, "labelSelector").empty() &&
                               QueryValue(request, "fieldSelector").empty();
    if (all_of_a_kind && !empty_page) metadata["remainingItemCount"] = remaining;
  }
  // In the real one's order: what identifies the list comes before the items.
  return {200,
          {{"Content-Type", "application/json"}},
          "{\"kind\":" + metadata_kind.dump() + ",\"apiVersion\":" +
              Json(metadata_only ? "meta.k8s.io/v1" : route.api_version).dump() +
              ",\"metadata\":" + metadata.dump() + ",\"items\":[" + items + "]}\n"};
}

}  // namespace sb::kube
