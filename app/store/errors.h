// PostgreSQL's SQLSTATE to our codes: one table.
#pragma once

#include <string_view>

#include "common/error.h"

namespace todo::store {

// kNotFound is a foreign key that points nowhere, kAlreadyExists a unique value that is taken.
sb::ErrorCode CodeOfSqlState(std::string_view sql_state);

}  // namespace todo::store
