#include "operator/plan/storage.h"

#include <optional>
#include <utility>

#include "operator/api/names.h"
#include "operator/resources/claims.h"

namespace sb::plan {
namespace {

std::optional<api::Quantity> SizeOf(const Json& claim) {
  return api::Quantity::Parse(StringAt(claim, {"spec", "resources", "requests", "storage"}));
}

// The server writes more into a template than was applied; that alone is no difference.
bool SameTemplates(const Json& desired, const Json& live) {
  if (!desired.is_array() || !live.is_array() || desired.size() != live.size()) return false;
  for (std::size_t i = 0; i < desired.size(); ++i) {
    const std::string wanted_class = StringAt(desired[i], {"spec", "storageClassName"});
    if (SizeOf(desired[i]) != SizeOf(live[i]) ||
        (!wanted_class.empty() &&
         wanted_class != StringAt(live[i], {"spec", "storageClassName"}))) {
      return false;
    }
  }
  return true;
}

struct Claim {
  std::string name;
  const api::Storage* storage;
};

std::vector<Claim> Claims(const api::Backend& backend) {
  std::vector<Claim> claims;
  if (const auto& postgres = backend.database.postgres) {
    claims.push_back({api::PostgresClaimName(backend.name), &postgres->storage});
  }
  if (const auto& redis = backend.cache.redis) {
    claims.push_back({api::RedisClaimName(backend.name), &redis->storage});
  }
  return claims;
}

resources::ClaimChange ChangeOf(const Claim& claim, const Observed& observed) {
  const Json* live = observed.Find("PersistentVolumeClaim", claim.name);
  return live ? resources::CompareClaim(*live, *claim.storage) : resources::ClaimChange::kNone;
}

}  // namespace

Json KeepClaimTemplates(Json desired, const Json& live) {
  const Json* wanted = Find(desired, {"spec", "volumeClaimTemplates"});
  const Json* made = Find(live, {"spec", "volumeClaimTemplates"});
  if (!wanted || !made || SameTemplates(*wanted, *made)) return desired;
  return resources::WithLiveClaimTemplates(std::move(desired), live);
}

std::vector<Action> GrowClaims(const api::Backend& backend, const Observed& observed) {
  std::vector<Action> actions;
  for (const Claim& claim : Claims(backend)) {
    if (ChangeOf(claim, observed) != resources::ClaimChange::kGrow) continue;
    actions.push_back({Verb::kApply,
                       {"PersistentVolumeClaim", claim.name},
                       resources::ClaimOfSize(backend, claim.name, *claim.storage),
                       api::kFieldManager,
                       ""});
  }
  return actions;
}

std::string ClaimsTooLarge(const api::Backend& backend, const Observed& observed) {
  std::string text;
  for (const Claim& claim : Claims(backend)) {
    if (ChangeOf(claim, observed) != resources::ClaimChange::kShrink) continue;
    text += (text.empty() ? "" : "; ") + ("PersistentVolumeClaim " + claim.name) +
            " is larger than the " + claim.storage->size.ToString() +
            " asked for, and a volume cannot shrink; raise storage.size to its size";
  }
  return text;
}

}  // namespace sb::plan
