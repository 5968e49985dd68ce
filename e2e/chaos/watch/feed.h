// What informers saw, as JSON lines for the oracle (oracle.py):
//
//   {"informer":"blue","note":"change","key":"c7","uid":"…","old":"110","rv":"121"}     on_change
//   {"informer":"blue","note":"event","type":"MODIFIED","key":"c7","uid":"…","rv":"121"}
//   {"informer":"blue","note":"listed","rv":"120","before":"80","items":31}
//   {"informer":"blue","note":"opened","rv":"120"}  "ended"  "failed" with code and message
//   {"informer":"blue","note":"cache","dump":3,"rv":"140","objects":[["c7","uid","rv","hash"],…]}
//
// Changes come before the event or list that brought them, as the informer tells them.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include "common/json.h"
#include "operator/kube/informer.h"

namespace sb::chaos {

// Where the lines go. Thread-safe; each line is written whole.
class Feed {
 public:
  explicit Feed(std::FILE* out) : out_(out) {}
  void Write(const Json& line);

 private:
  std::FILE* const out_;
  std::mutex out_mutex_;
};

// The lines of one informer, on its thread; but Cache is for any.
class InformerFeed {
 public:
  InformerFeed(Feed& feed, std::string name) : feed_(feed), name_(std::move(name)) {}

  // Before anything else; must outlive this.
  void Follow(const kube::Store& store) { store_ = &store; }

  void Note(const kube::WatchNote& note);
  // `old` null: new in the cache; `now` null: gone from it.
  void Change(const kube::ObjectKey& key, const kube::ObjectPtr& old, const kube::ObjectPtr& now);
  // The whole cache, with the number that asked for it.
  void Cache(long long dump) const;

 private:
  void Write(Json line) const;

  Feed& feed_;
  const std::string name_;
  const kube::Store* store_ = nullptr;
  // How far the cache had come, bookmarks included, when the last stream or list was over.
  std::string reached_;
};

// SHA-256 of what people put into an object (labels, annotations, data, spec) in canonical JSON:
// sorted keys, no spaces, UTF-8 as it is. The oracle computes the same from the server's answer.
std::string ContentHash(const kube::Object& object);

}  // namespace sb::chaos
