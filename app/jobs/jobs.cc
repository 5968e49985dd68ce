#include "app/jobs/jobs.h"

#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/jobs/names.h"
#include "app/jobs/sum_squares.h"

namespace todo::jobs {
namespace {

using http::Call;
using http::Parameter;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

constexpr http::Field kQueuedFields[] = {{.name = "id"}};
constexpr http::Shape kQueuedJob = {"QueuedJob", kQueuedFields};
constexpr http::Field kJobFields[] = {
    {.name = "id"},
    {.name = "status", .description = "queued, running, done or failed"},
    {.name = "kind"},
    {.name = "n", .type = http::Field::Type::kInteger, .required = false},
    {.name = "result", .type = http::Field::Type::kInteger, .required = false},
    {.name = "error", .required = false}};
constexpr http::Shape kTutorialJob = {"TutorialJob", kJobFields};

constexpr std::string_view kTutorialKind = "sum_squares";
constexpr std::string_view kTutorialKinds[] = {kTutorialKind};

struct JobView {
  std::string_view id, status, kind, payload, result, error;
};

// The tutorial's shape: what the payload of sum_squares holds lies beside the rest.
std::string BodyOf(const JobView& job) {
  std::string body = "{\"id\":";
  http::AppendString(body, job.id);
  body += ",\"status\":";
  http::AppendString(body, job.status);
  body += ",\"kind\":";
  http::AppendString(body, job.kind);
  const sb::Json payload = sb::Json::parse(job.payload, nullptr, false);
  if (payload.is_object() && payload.contains("n") && payload["n"].is_number_integer()) {
    body += ",\"n\":" + payload["n"].dump();
  }
  // Sums beyond 2^53 would lose digits in many readers, but a JSON number has none to lose.
  if (!job.result.empty()) (body += ",\"result\":") += job.result;
  if (!job.error.empty()) {
    body += ",\"error\":";
    http::AppendString(body, job.error);
  }
  body += '}';
  return body;
}

std::string_view StatusOf(std::string_view state) {
  return state == "dead" || state == "dropped" ? "failed" : state;
}

}  // namespace

void Jobs::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "POST",
                    .pattern = "/jobs/",
                    .parameters = {{.name = "kind", .max_length = 64, .choices = kTutorialKinds},
                                   {.name = "n",
                                    .type = Parameter::Type::kInteger,
                                    .minimum = 0,
                                    .maximum = kMostSquares}},
                    .handler = [this](const Call& call) { return Enqueue(call); },
                    .answers = {{202, "It will be done.", &kQueuedJob, {"Location"}},
                                {400, "No such kind of job."},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "Put a job into the queue"});
  routes.push_back(
      {.method = "GET",
       .pattern = "/jobs/{job_id}",
       .parameters = {{.name = "job_id", .where = Parameter::Where::kPath, .max_length = 64}},
       .handler = [this](const Call& call) { return Get(call); },
       .answers = {{200, "What became of it.", &kTutorialJob},
                   {404, "There is no such job."},
                   {503, "Come back later."}},
       .tag = "tutorial",
       .summary = "A job"});
}

Task Jobs::Enqueue(const Call& call) {
  // The other kinds belong to a user, who has to say who he is.
  if (call.Text(0) != kTutorialKind) co_return http::Detail(400, "Unknown kind of job");
  sb::Json payload = {{"n", call.Integer(1)}};
  auto put = outbox_.Put(kTutorialKind, std::move(payload), std::nullopt);
  const Expected<std::string> id = co_await std::move(put);
  if (!id) {
    co_return id.error().code == ErrorCode::kTooManyRequests ? http::Unavailable(30)
                                                             : http::FromError(id.error());
  }
  Response response = http::Json("{\"id\":\"" + *id + "\"}");
  response.status = 202;
  response.headers.emplace_back("Location", "/jobs/" + *id);
  co_return response;
}

Task Jobs::Get(const Call& call) {
  if (database_ != nullptr) {
    store::Parameters parameters;
    parameters.Text(call.Text(0));
    auto asked = database_->Query(store::kJobById, std::move(parameters));
    const Expected<store::Rows> rows = co_await std::move(asked);
    if (!rows) co_return http::FromError(rows.error());
    if (!rows->empty()) {
      // A user's job is seen by him only, at /v1/jobs.
      if (!rows->text(0, 6).empty()) co_return http::Detail(404, "Job not found");
      co_return http::Json(BodyOf({rows->text(0, 0), StatusOf(rows->text(0, 2)), rows->text(0, 1),
                                   rows->text(0, 3), rows->text(0, 4), rows->text(0, 5)}));
    }
    // One that was accepted before there was a database.
    if (redis_ == nullptr || !redis_->connected()) co_return http::Detail(404, "Job not found");
  }
  co_return co_await GetFromRedis(call);
}

Task Jobs::GetFromRedis(const Call& call) {
  if (redis_ == nullptr) co_return http::Unavailable();
  const std::string record = RecordOf(call.Text(0));
  auto asked = redis_->Command({"HGETALL", record});
  const Expected<cache::Reply> reply = co_await std::move(asked);
  if (!reply) co_return http::Unavailable();
  const cache::Value fields = reply->value();
  if (fields.size() == 0) co_return http::Detail(404, "Job not found");
  JobView job{.id = call.Text(0)};
  std::string payload;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string_view name = fields[i].text();
    const std::string_view value = fields[i + 1].text();
    if (name == "status") job.status = value;
    if (name == "kind") job.kind = value;
    if (name == "payload") payload = value;
    if (name == "n" && payload.empty()) payload = "{\"n\":" + std::string(value) + "}";
    if (name == "result") job.result = value;
    if (name == "error") job.error = value;
  }
  job.payload = payload;
  co_return http::Json(BodyOf(job));
}

}  // namespace todo::jobs
