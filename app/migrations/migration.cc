#include "app/migrations/migration.h"

#include <algorithm>

#include "common/hash.h"

namespace todo::migrations {

using sb::ErrorCode;
using sb::Fail;

std::string ChecksumOf(const Migration& migration) { return sb::Sha256Hex(migration.sql); }

sb::Expected<std::vector<Migration>> Pending(std::span<const Migration> all,
                                             const std::vector<Applied>& applied) {
  std::vector<Migration> pending;
  for (const Migration& migration : all) {
    const auto found = std::find_if(applied.begin(), applied.end(),
                                    [&](const Applied& one) { return one.name == migration.name; });
    const std::string name(migration.name);
    if (found == applied.end()) {
      pending.push_back(migration);
    } else if (found->checksum != ChecksumOf(migration)) {
      return Fail(
          ErrorCode::kConflict,
          "migration " + name +
              " was edited after it was applied; restore it and add a new migration instead");
    } else if (!pending.empty()) {
      return Fail(ErrorCode::kConflict, "migration " + std::string(pending.front().name) +
                                            " comes before " + name +
                                            ", which is applied already; give it a later number");
    }
  }
  return pending;
}

}  // namespace todo::migrations
