#include "app/v1/accept.h"

#include "app/v1/idempotency.h"
#include "app/v1/resource.h"

namespace todo::v1 {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

// The same that v1_enqueue_once writes for those who ask again. Ids need no escapes.
Response Accepted(const std::string& id) {
  Response response = Created("{\"id\":\"" + id + "\",\"status_url\":\"/v1/jobs/" + id + "\"}",
                              "/v1/jobs/" + id, "");
  response.status = 202;
  return response;
}

// The foreign key of the job's owner: the token is good, its user is gone.
Response Refused(const sb::Error& error) {
  return error.code == ErrorCode::kNotFound ? GoneUser() : ProblemOf(error);
}

}  // namespace

Task Accept(const http::Call& call, store::Database& database, jobs::Outbox& outbox,
            std::string_view kind, sb::Json payload, std::string_view idempotency_key) {
  const std::int64_t owner = call.principal->user_id;
  if (idempotency_key.empty()) {
    auto put = outbox.Put(kind, std::move(payload), owner);
    const Expected<std::string> id = co_await std::move(put);
    co_return id ? Accepted(*id) : Refused(id.error());
  }
  std::string fingerprint = FingerprintOf(call.request);
  store::Parameters parameters;
  parameters.Text(jobs::NewJobId())
      .Text(payload.dump())
      .Integer(owner)
      .Text(idempotency_key)
      .Text(fingerprint)
      .Text(outbox.queue())
      .Text(kind);
  auto asked = database.Query(store::kV1EnqueueOnce, std::move(parameters));
  Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return Refused(rows.error());
  auto answer = AnswerOnce(database, owner, std::string(idempotency_key), std::move(fingerprint),
                           std::move(*rows));
  co_return co_await std::move(answer);
}

}  // namespace todo::v1
