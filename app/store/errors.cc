#include "app/store/errors.h"

namespace todo::store {

using sb::ErrorCode;

ErrorCode CodeOfSqlState(std::string_view state) {
  if (state == "23505") return ErrorCode::kAlreadyExists;     // unique_violation
  if (state == "23503") return ErrorCode::kNotFound;          // foreign_key_violation
  if (state == "57014") return ErrorCode::kDeadlineExceeded;  // query_canceled: statement_timeout
  if (state == "55P03") return ErrorCode::kDeadlineExceeded;  // lock_not_available: lock_timeout
  if (state == "54000") return ErrorCode::kInvalidArgument;  // program_limit_exceeded: key too long
  const std::string_view kind = state.substr(0, 2);
  if (kind == "08" || kind == "53" || kind == "57") return ErrorCode::kUnavailable;
  if (kind == "40" || state == "25006")
    return ErrorCode::kUnavailable;  // retry; read-only: failover
  if (kind == "22") return ErrorCode::kInvalidArgument;
  return ErrorCode::kInternal;
}

}  // namespace todo::store
