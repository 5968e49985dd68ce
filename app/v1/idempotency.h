// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again, because
// its answer was lost, is answered again and not done again. Keys belong to a user and live for 24
// hours; answers are stored in the transaction of what they answer (kV1CreateTasksOnce).
//
// The same key with another request: 422. While the first is still being answered: 409.
#pragma once

#include <string>
#include <string_view>

#include "app/http/parameters.h"
#include "app/store/database.h"
#include "common/http/server.h"

namespace todo::v1 {

inline constexpr http::Parameter kIdempotencyKey = {
    .name = "Idempotency-Key",
    .where = http::Parameter::Where::kHeader,
    .required = false,
    .min_length = 1,
    .max_length = 255,
    .description =
        "Any text of the client's choice, such as a UUID. The same again within 24 hours "
        "gets the first one's answer, and nothing is done twice."};

// Of what was asked: method, path and body.
std::string FingerprintOf(const sb::http::Request& request);

// The answer that `rows` of kV1CreateTasksOnce (or of an enqueueing statement of the same shape)
// stand for; looks up the one stored under `key` if they made nothing.
sb::http::Task AnswerOnce(store::Database& database, std::int64_t user_id, std::string key,
                          std::string fingerprint, store::Rows rows);

}  // namespace todo::v1
