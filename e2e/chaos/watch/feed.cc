#include "e2e/chaos/watch/feed.h"

#include <utility>

#include "common/hash.h"

namespace sb::chaos {
namespace {

const char* NameOf(kube::EventType type) {
  switch (type) {
    case kube::EventType::kAdded:
      return "ADDED";
    case kube::EventType::kModified:
      return "MODIFIED";
    case kube::EventType::kDeleted:
      return "DELETED";
    case kube::EventType::kBookmark:
      return "BOOKMARK";
  }
  return "";
}

}  // namespace

void Feed::Note(const std::string& informer, const kube::WatchNote& note) {
  using Kind = kube::WatchNote::Kind;
  switch (note.kind) {
    case Kind::kListed:
      return Write(informer, {{"note", "listed"},
                              {"rv", note.resource_version},
                              {"before", note.previous_version},
                              {"items", note.items}});
    case Kind::kEvent:
      return Write(informer, {{"note", "event"},
                              {"type", NameOf(note.type)},
                              {"key", note.key.name},
                              {"uid", note.uid},
                              {"rv", note.resource_version}});
    case Kind::kStreamOpened:
      return Write(informer, {{"note", "opened"}, {"rv", note.resource_version}});
    case Kind::kStreamEnded:
      return Write(informer, {{"note", "ended"}});
    case Kind::kFailed:
      return Write(informer, {{"note", "failed"},
                              {"code", ToString(note.error->code)},
                              {"message", note.error->message}});
  }
}

void Feed::Change(const std::string& informer, const kube::ObjectKey& key,
                  const kube::ObjectPtr& old, const kube::ObjectPtr& now) {
  Write(informer, {{"note", "change"},
                   {"key", key.name},
                   {"uid", kube::UidOf(now ? *now : *old)},
                   {"old", old ? kube::ResourceVersionOf(*old) : ""},
                   {"rv", now ? kube::ResourceVersionOf(*now) : ""}});
}

void Feed::Cache(const std::string& informer, const kube::Store& store, long long dump) {
  // The version first: what the cache has is then at least that new.
  const std::string version = store.ResourceVersion();
  Json objects = Json::array();
  for (const kube::ObjectPtr& object : store.List()) {
    objects.push_back({kube::KeyOf(*object).name, kube::UidOf(*object),
                       kube::ResourceVersionOf(*object), ContentHash(*object)});
  }
  Write(informer,
        {{"note", "cache"}, {"dump", dump}, {"rv", version}, {"objects", std::move(objects)}});
}

void Feed::Write(const std::string& informer, Json line) {
  line["informer"] = informer;
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(out_mutex_);
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

std::string ContentHash(const Json& object) {
  Json content = Json::object();
  for (const char* part : {"labels", "annotations"}) {
    if (const Json* found = Find(object, {"metadata", part})) content[part] = *found;
  }
  for (const char* part : {"data", "spec"}) {
    if (const Json* found = Find(object, {part})) content[part] = *found;
  }
  return Sha256Hex(content.dump());
}

}  // namespace sb::chaos
