// What informers saw, as JSON lines for the oracle (oracle.py):
//
//   {"informer":"blue","note":"listed","rv":"120","before":"80","items":31}
//   {"informer":"blue","note":"event","type":"MODIFIED","key":"c7","uid":"…","rv":"121"}
//   {"informer":"blue","note":"change","key":"c7","uid":"…","old":"110","rv":"121"}     on_change
//   {"informer":"blue","note":"opened","rv":"120"}  "ended"  "failed" with code and message
//   {"informer":"blue","note":"cache","dump":3,"rv":"140","objects":[["c7","uid","rv","hash"],…]}
//
// Thread-safe; each line is written whole.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

#include "common/json.h"
#include "operator/kube/informer.h"

namespace sb::chaos {

class Feed {
 public:
  explicit Feed(std::FILE* out) : out_(out) {}

  void Note(const std::string& informer, const kube::WatchNote& note);
  // `old` null: new in the cache; `now` null: gone from it.
  void Change(const std::string& informer, const kube::ObjectKey& key, const kube::ObjectPtr& old,
              const kube::ObjectPtr& now);
  // The whole cache, with the number that asked for it.
  void Cache(const std::string& informer, const kube::Store& store, long long dump);

 private:
  void Write(const std::string& informer, Json line);

  std::FILE* const out_;
  std::mutex out_mutex_;
};

// SHA-256 of what people put into an object (labels, annotations, data, spec) in canonical JSON:
// sorted keys, no spaces, UTF-8 as it is. The oracle computes the same from the server's answer.
std::string ContentHash(const Json& object);

}  // namespace sb::chaos
