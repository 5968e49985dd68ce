#include "app/store/errors.h"

#include <libpq-fe.h>

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

std::string ReasonOf(const pg_result* result) {
  const std::string_view message = PQresultErrorMessage(result);
  return std::string(message.substr(0, message.find('\n')));
}

sb::Error ErrorOf(const pg_result* result) {
  // Without a state it is libpq that speaks, of a connection that broke.
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return {state != nullptr ? CodeOfSqlState(state) : ErrorCode::kUnavailable, ReasonOf(result), 0};
}

}  // namespace todo::store
