// Any line of a watch, or item of a list, is either an error or an object; and an object that is
// kept whole says exactly what a plain JSON parser reads from the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object_decoder.h"

namespace {

using sb::Json;

// What the decoder makes of an object: apiVersion and kind are the resource's, and of members with
// one name the server's JSON has no two.
Json AsStored(Json object) {
  object["apiVersion"] = "v1";
  object["kind"] = "Pod";
  return object;
}

bool HasDuplicates(std::string_view text) {
  bool duplicates = false;
  std::vector<std::set<std::string>> names;
  const auto watch = [&](int, Json::parse_event_t event, Json& name) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      duplicates |= !names.back().insert(name.get<std::string>()).second;
    }
    return true;
  };
  const Json parsed = Json::parse(text, watch, false);
  return duplicates || parsed.is_discarded();
}

void CheckWhole(sb::kube::ObjectDecoder& decoder, const Json& expected) {
  const sb::kube::ObjectPtr object = decoder.Build();
  if (object->ToJson() != AsStored(expected)) std::abort();
  if (object->key() != sb::kube::KeyOf(expected)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static sb::kube::ObjectDecoder whole(sb::kube::Pods(), sb::kube::Projection::Everything());
  static sb::kube::ObjectDecoder projected(
      sb::kube::Pods(),
      sb::kube::WithoutNoise().Redact("/data").Drop("/spec").Keep("/spec/*/name"));
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const Json json = Json::parse(text, nullptr, false);
  const bool comparable = json.is_object() && !HasDuplicates(text);

  if (const auto identity = whole.ParseObject(text)) {
    if (identity->name.empty()) std::abort();
    if (comparable) CheckWhole(whole, json);
  }
  if (const auto event = whole.ParseEvent(text); event && *event) {
    const bool bookmark = (*event)->type == sb::kube::EventType::kBookmark;
    if (!bookmark && (*event)->identity.name.empty()) std::abort();
    if (!bookmark && comparable) CheckWhole(whole, json["object"]);
  } else if (!event && event.error().message.empty()) {
    std::abort();
  }
  if (projected.ParseObject(text)) {
    const Json kept = projected.Build()->ToJson();
    if (sb::Find(kept, {"metadata", "managedFields"})) std::abort();
  }
  return 0;
}
