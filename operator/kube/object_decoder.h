// From the bytes that the API server sends to what the cache holds. One decoder per watch: it keeps
// its buffers, so that an event costs no allocation but that of the object.
//
//   ObjectDecoder decoder(Pods(), WithoutNoise());
//   auto identity = decoder.ParseObject(item);           // of a list
//   if (identity && IsNews(*identity)) store.Put(decoder.Build());
//
//   auto event = decoder.ParseEvent(line);               // of a watch
//   if (event && event->type == EventType::kAdded) store.Put(decoder.Build());
//
// Takes any bytes: what is not JSON is an error. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "operator/kube/object.h"
#include "operator/kube/projection.h"
#include "operator/kube/resource.h"
#include "operator/kube/watcher.h"

namespace sb::kube {

class ObjectDecoder {
 public:
  // Names an object without building it. Valid until the decoder parses again.
  struct Identity {
    std::string_view namespace_, name, uid, resource_version;
  };
  struct Event {
    EventType type;
    Identity identity;  // a bookmark has only a resource_version
    bool initial_events_end =
        false;  // the bookmark that ends the initial events of a streaming list
  };

  ObjectDecoder(Resource resource, Projection projection);
  ~ObjectDecoder();
  ObjectDecoder(const ObjectDecoder&) = delete;
  ObjectDecoder& operator=(const ObjectDecoder&) = delete;

  // One object. kInternal: not a JSON object, or one without a name.
  Expected<Identity> ParseObject(std::string_view json);

  // One line of a watch. Nothing for an event of an unknown type, without a usable object (a Table)
  // or with one of another kind, which a newer server may send and which must not stop the watch.
  // The error of an ERROR event (in-stream 410 is kGone) as ErrorFromStatus makes it; kUnavailable
  // for a line that is no JSON object: then the stream cannot be trusted any more.
  Expected<std::optional<Event>> ParseEvent(std::string_view line);

  // The object that was parsed last, projected; apiVersion and kind are the resource's, since items
  // of lists lack them. May be called once for each parse that gave an identity with a name.
  ObjectPtr Build();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> impl_;
};

// A document of our own (the server's answer to a write) as the cache would hold it. Null if it has
// no name.
ObjectPtr Freeze(const Json& object, const Resource& resource, const Projection& projection);

}  // namespace sb::kube
