// The form in which the API server keeps what a user may write in several ways. Children are built
// in it, else the live object would never cover the desired one and the operator would write for
// ever.
#pragma once

#include "common/json.h"

namespace sb::api {

// Without nulls, empty strings, empty lists and empty maps, which Go's omitempty drops. Not for
// values whose empty form has a meaning (emptyDir: {}).
Json WithoutEmpty(const Json& value);

// A quantity as text or number in canonical form; unchanged if it is none.
Json CanonicalQuantity(const Json& value);

}  // namespace sb::api
