#include "operator/kube/watch_event.h"

#include <string>
#include <utility>

#include "operator/kube/client.h"
#include "operator/kube/resource.h"

namespace sb::kube {

std::variant<ObjectEvent, Error, std::monostate> DecodeWatchEvent(std::string_view line) {
  Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) {
    return Error{ErrorCode::kUnavailable, "a line of the watch is not a JSON object", 0};
  }
  const std::string type = StringAt(event, {"type"});
  auto object = event.find("object");
  if (type == "ERROR") {
    return ErrorFromStatus(object == event.end() ? Json::object() : *object, 500, "watch event");
  }
  if (object == event.end() || !object->is_object()) return std::monostate{};
  EventType known;
  if (type == "ADDED") {
    known = EventType::kAdded;
  } else if (type == "MODIFIED") {
    known = EventType::kModified;
  } else if (type == "DELETED") {
    known = EventType::kDeleted;
  } else if (type == "BOOKMARK") {
    known = EventType::kBookmark;
  } else {
    return std::monostate{};
  }
  // A Table or a Status has no name: not an object of the kind we watch.
  if (known != EventType::kBookmark && KeyOf(*object).name.empty()) return std::monostate{};
  return ObjectEvent{known, std::move(*object)};
}

}  // namespace sb::kube
