#include "operator/plan/applied.h"

#include "common/hash.h"
#include "operator/api/names.h"

namespace sb::plan {
namespace {

// 64 bits are plenty to tell two versions of one object apart.
constexpr std::size_t kHashDigits = 16;

}  // namespace

Json Stamp(Json object) {
  const std::string hash = Sha256Hex(object.dump()).substr(0, kHashDigits);
  object["metadata"]["annotations"][api::kAppliedHashAnnotation] = hash;
  return object;
}

bool IsCurrent(const Json& stamped, const Json& live) {
  const auto hash = [](const Json& object) {
    return StringAt(object, {"metadata", "annotations", api::kAppliedHashAnnotation});
  };
  return !hash(stamped).empty() && hash(stamped) == hash(live);
}

}  // namespace sb::plan
