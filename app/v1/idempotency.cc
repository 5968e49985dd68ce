#include "app/v1/idempotency.h"

#include "app/http/replies.h"
#include "app/v1/entity_tag.h"
#include "app/v1/resource.h"
#include "common/hash.h"

namespace todo::v1 {
namespace {

using sb::http::Response;

// From columns status, location and body, beginning at `column`.
Response Stored(const store::Rows& rows, int column) {
  const std::string_view location = rows.text(0, column + 1);
  Response response = Created(std::string(rows.text(0, column + 2)), std::string(location),
                              location.starts_with("/v1/tasks/") ? TagOf(1) : "");
  if (rows.text(0, column) == "202") response.status = 202;
  return response;
}

Response InFlight() {
  Response response =
      http::Problem(409, "A request with this Idempotency-Key is being answered right now");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

std::string FingerprintOf(const sb::http::Request& request) {
  std::string text(request.method);
  text.append(" ").append(request.path).append("\n").append(request.body);
  return sb::Sha256Hex(text);
}

sb::http::Task AnswerOnce(store::Database& database, std::int64_t user_id, std::string key,
                          std::string fingerprint, store::Rows rows) {
  if (!rows.boolean(0, 0)) co_return InFlight();
  if (!rows.text(0, 1).empty()) co_return Stored(rows, 1);
  store::Parameters parameters;
  parameters.Integer(user_id).Text(key);
  auto asked = database.Query(store::kV1Answered, std::move(parameters));
  const sb::Expected<store::Rows> answered = co_await std::move(asked);
  if (!answered) co_return ProblemOf(answered.error());
  if (answered->empty()) co_return InFlight();  // it expired this instant
  if (answered->text(0, 0) != fingerprint) {
    co_return Invalid(kIdempotencyKey, "reused", "This key was used for another request");
  }
  Response response = Stored(*answered, 1);
  response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

}  // namespace todo::v1
