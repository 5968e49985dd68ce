// PostgreSQL's SQLSTATE to our codes: one table.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

struct pg_result;

namespace todo::store {

// kNotFound is a foreign key that points nowhere, kAlreadyExists a unique value that is taken.
sb::ErrorCode CodeOfSqlState(std::string_view sql_state);

// The first line of a failed result's message.
std::string ReasonOf(const pg_result* result);

// Code and reason of a failed result.
sb::Error ErrorOf(const pg_result* result);

}  // namespace todo::store
