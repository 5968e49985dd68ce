#include "operator/plan/storage.h"

#include <utility>

#include "operator/api/names.h"
#include "operator/api/quantity.h"

namespace sb::plan {
namespace {

std::optional<api::Quantity> SizeOf(const Json& claim) {
  return api::Quantity::Parse(StringAt(claim, {"spec", "resources", "requests", "storage"}));
}

// What may differ without the template being another one: how the server writes the rest out.
bool SameClaims(const Json& desired, const Json& live) {
  if (!desired.is_array() || !live.is_array() || desired.size() != live.size()) return false;
  for (std::size_t i = 0; i < desired.size(); ++i) {
    const std::string wanted_class = StringAt(desired[i], {"spec", "storageClassName"});
    if (StringAt(desired[i], {"metadata", "name"}) != StringAt(live[i], {"metadata", "name"}) ||
        SizeOf(desired[i]) != SizeOf(live[i]) ||
        (!wanted_class.empty() && wanted_class != StringAt(live[i], {"spec", "storageClassName"}))) {
      return false;
    }
  }
  return true;
}

}  // namespace

Json WithLiveClaims(Json desired, const Json& live) {
  const Json* wanted = Find(desired, {"spec", "volumeClaimTemplates"});
  const Json* made = Find(live, {"spec", "volumeClaimTemplates"});
  if (wanted && made && !SameClaims(*wanted, *made)) {
    desired["spec"]["volumeClaimTemplates"] = Json(*made);
  }
  return desired;
}

std::vector<Action> GrowClaims(const Json& desired, const Json& live, const Observed& observed) {
  std::vector<Action> actions;
  const Json* templates = Find(desired, {"spec", "volumeClaimTemplates"});
  if (!templates || !templates->is_array()) return actions;
  for (const Json& wanted : *templates) {
    const std::string name = StringAt(wanted, {"metadata", "name"}) + "-" +
                             StringAt(live, {"metadata", "name"}) + "-0";
    const Json* claim = observed.Find("PersistentVolumeClaim", name);
    if (!claim) continue;
    const auto have = SizeOf(*claim);
    const auto want = SizeOf(wanted);
    if (!have || !want || *want <= *have) continue;
    Json object = {{"apiVersion", "v1"},
                   {"kind", "PersistentVolumeClaim"},
                   {"metadata",
                    {{"name", name}, {"namespace", StringAt(live, {"metadata", "namespace"})}}},
                   {"spec", {{"resources", {{"requests", {{"storage", want->ToString()}}}}}}}};
    actions.push_back({Verb::kApply, {"PersistentVolumeClaim", name}, std::move(object),
                       api::kFieldManager, ""});
  }
  return actions;
}

}  // namespace sb::plan
