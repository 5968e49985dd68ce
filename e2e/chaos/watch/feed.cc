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

void Feed::Write(const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(out_mutex_);
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

void InformerFeed::Note(const kube::WatchNote& note) {
  using Kind = kube::WatchNote::Kind;
  switch (note.kind) {
    case Kind::kListed:
      Write({{"note", "listed"},
             {"rv", note.resource_version},
             {"before", std::exchange(reached_, note.resource_version)},
             {"items", store_->size()}});
      return;
    case Kind::kEvent:
      Write({{"note", "event"},
             {"type", NameOf(note.type)},
             {"key", note.name},
             {"uid", note.uid},
             {"rv", note.resource_version}});
      return;
    case Kind::kOpened:
      Write({{"note", "opened"}, {"rv", note.resource_version}});
      return;
    case Kind::kEnded:
      reached_ = store_->ResourceVersion();
      Write({{"note", "ended"}});
      return;
    case Kind::kFailed:
      reached_ = store_->ResourceVersion();
      Write({{"note", "failed"},
             {"code", ToString(note.error->code)},
             {"message", note.error->message}});
  }
}

void InformerFeed::Change(const kube::ObjectKey& key, const kube::ObjectPtr& old,
                          const kube::ObjectPtr& now) {
  Write({{"note", "change"},
         {"key", key.name},
         {"uid", (now ? now : old)->uid()},
         {"old", old ? old->resource_version() : ""},
         {"rv", now ? now->resource_version() : ""}});
}

void InformerFeed::Cache(long long dump) const {
  // The version first: what the cache has is then at least that new.
  const std::string version = store_->ResourceVersion();
  Json objects = Json::array();
  for (const kube::ObjectPtr& object : store_->List()) {
    objects.push_back(
        {object->name(), object->uid(), object->resource_version(), ContentHash(*object)});
  }
  Write({{"note", "cache"}, {"dump", dump}, {"rv", version}, {"objects", std::move(objects)}});
}

void InformerFeed::Write(Json line) const {
  line["informer"] = name_;
  feed_.Write(line);
}

std::string ContentHash(const kube::Object& object) {
  Json content = Json::object();
  for (const char* part : {"labels", "annotations"}) {
    if (const auto found = object.At({"metadata", part})) content[part] = found.ToJson();
  }
  for (const char* part : {"data", "spec"}) {
    if (const auto found = object[part]) content[part] = found.ToJson();
  }
  return Sha256Hex(content.dump());
}

}  // namespace sb::chaos
