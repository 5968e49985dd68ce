// One line of a watch stream, decoded.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/watcher.h"

namespace sb::kube {

struct ObjectEvent {
  EventType type;
  Json object;
};

// An object event; an Error for an ERROR event (in-stream 410 is kGone) and for a line that is no
// JSON object (the stream cannot be trusted any more); nothing for an event of an unknown type or
// without a usable object, which a newer server may send and which must not stop the watch.
std::variant<ObjectEvent, Error, std::monostate> DecodeWatchEvent(std::string_view line);

}  // namespace sb::kube
