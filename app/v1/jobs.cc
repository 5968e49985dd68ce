#include "app/v1/jobs.h"

#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/v1/accept.h"
#include "app/v1/idempotency.h"
#include "app/v1/resource.h"
#include "app/v1/shapes.h"
#include "common/json.h"

namespace todo::v1 {
namespace {

using http::Call;
using http::Field;
using http::Parameter;
using http::Shape;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

// Of 8 MiB at most each, on each thread.
constexpr int kMostDownloads = 2;

constexpr Field kJobFields[] = {
    {.name = "id"},
    {.name = "kind"},
    {.name = "status", .description = "queued, running, done or failed"},
    {.name = "created_at", .format = "date-time"},
    {.name = "finished_at", .nullable = true, .format = "date-time"},
    {.name = "error", .nullable = true, .description = "Of the last attempt that failed."},
    {.name = "created",
     .type = Field::Type::kInteger,
     .nullable = true,
     .description = "How many tasks a done bulk_tasks has made."},
    {.name = "result_url",
     .nullable = true,
     .description = "Where a done csv_export can be read."}};
constexpr Shape kJob = {"Job", kJobFields};

constexpr Parameter kJobId = {
    .name = "job_id", .where = Parameter::Where::kPath, .min_length = 1, .max_length = 64};

// Columns of job_by_id.
enum Column { kId, kKind, kState, kPayload, kResult, kError, kOwner, kCreatedAt, kFinishedAt };

bool IsOf(const store::Rows& rows, const Call& call) {
  return !rows.empty() && rows.text(0, kOwner) == std::to_string(call.principal->user_id);
}

std::string_view StatusOf(std::string_view state) {
  return state == "dead" || state == "dropped" ? "failed" : state;
}

void AppendTextOrNull(std::string& body, std::string_view name, std::string_view value) {
  if (!value.empty()) return AppendText(body, name, value);
  body += ",\"";
  body += name;
  body += "\":null";
}

}  // namespace

void Jobs::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "GET",
                    .pattern = "/v1/jobs/{job_id}",
                    .parameters = {kJobId},
                    .handler = [this](const Call& call) { return Get(call); },
                    .guards = guards_,
                    .answers = {{200, "Where it stands.", &kJob},
                                {404, "You have no such job."},
                                {503, "Come back later."}},
                    .tag = "jobs",
                    .summary = "What became of a job"});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/exports",
                    .parameters = {kIdempotencyKey},
                    .handler = [this](const Call& call) { return Export(call); },
                    .guards = guards_,
                    .answers = {{202, "Accepted: it will be made.", &kAcceptedJob, {"Location"}},
                                {409, "The same Idempotency-Key is being answered right now."},
                                {503, "Come back later."}},
                    .tag = "jobs",
                    .summary = "Export your tasks as CSV"});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/exports/{job_id}",
                    .parameters = {kJobId},
                    .handler = [this](const Call& call) { return Download(call); },
                    .guards = guards_,
                    .answers = {{.status = 200,
                                 .description = "The file.",
                                 .content_type = "text/csv; charset=utf-8"},
                                {404, "You have no such export."},
                                {409, "It is not done."},
                                {503, "Come back later."}},
                    .tag = "jobs",
                    .summary = "Read an export"});
}

Task Jobs::Get(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Text(call.Text(0));
  auto asked = database_->Query(store::kJobById, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (!IsOf(*rows, call)) co_return NotFound("Job");
  const bool done = rows->text(0, kState) == "done";
  std::string body = "{\"id\":";
  http::AppendString(body, rows->text(0, kId));
  AppendText(body, "kind", rows->text(0, kKind));
  AppendText(body, "status", StatusOf(rows->text(0, kState)));
  AppendText(body, "created_at", rows->text(0, kCreatedAt));
  AppendTextOrNull(body, "finished_at", rows->text(0, kFinishedAt));
  AppendTextOrNull(body, "error", rows->text(0, kError));
  body += ",\"created\":";
  const bool made = done && rows->text(0, kKind) == "bulk_tasks";
  const sb::Json result =
      made ? sb::Json::parse(rows->text(0, kResult), nullptr, false) : sb::Json();
  const sb::Json* const created = sb::Find(result, {"created"});
  body += created != nullptr ? std::to_string(created->size()) : "null";
  const bool readable = done && rows->text(0, kKind) == "csv_export";
  AppendTextOrNull(body, "result_url",
                   readable ? "/v1/exports/" + std::string(rows->text(0, kId)) : "");
  body += '}';
  co_return Fresh(std::move(body));
}

Task Jobs::Export(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  auto accepting =
      Accept(call, *database_, outbox_, "csv_export", sb::Json::object(), call.Text(0));
  co_return co_await std::move(accepting);
}

Task Jobs::Download(const Call& call) {
  if (database_ == nullptr || downloads_ >= kMostDownloads) co_return Unavailable();
  ++downloads_;
  auto reading = ReadParts(call);
  Response response = co_await std::move(reading);
  --downloads_;
  co_return response;
}

Task Jobs::ReadParts(const Call& call) {
  store::Parameters parameters;
  parameters.Text(call.Text(0));
  auto asked = database_->Query(store::kJobById, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (!IsOf(*rows, call) || rows->text(0, kKind) != "csv_export") co_return NotFound("Export");
  if (rows->text(0, kState) != "done") {
    const bool failed = StatusOf(rows->text(0, kState)) == "failed";
    co_return http::Problem(409, failed ? "The export failed" : "The export is not done yet");
  }
  const sb::Json result = sb::Json::parse(rows->text(0, kResult), nullptr, false);
  const long long parts = sb::IntAt(result, {"parts"});
  std::string content;
  content.reserve(static_cast<std::size_t>(std::max(0LL, sb::IntAt(result, {"bytes"}))));
  for (long long part = 0; part < parts; ++part) {
    store::Parameters which;
    which.Text(call.Text(0)).Integer(part);
    auto reading = database_->Query(store::kExportPart, std::move(which));
    const Expected<store::Rows> read = co_await std::move(reading);
    if (!read) co_return ProblemOf(read.error());
    if (read->empty()) co_return NotFound("Export");
    content += read->text(0, 0);
  }
  Response response = Fresh(std::move(content));
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"tasks.csv\"");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  co_return response;
}

}  // namespace todo::v1
