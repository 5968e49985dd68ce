#include "app/v1/tasks.h"

#include "app/http/conditional.h"
#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/store/arrays.h"
#include "app/v1/accept.h"
#include "app/v1/cursor.h"
#include "app/v1/entity_tag.h"
#include "app/v1/idempotency.h"
#include "app/v1/resource.h"
#include "app/v1/shapes.h"
#include "common/json.h"

namespace todo::v1 {
namespace {

using http::Call;
using http::Parameter;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

constexpr Parameter kTaskId = {
    .name = "task_id", .where = Parameter::Where::kPath, .type = Parameter::Type::kInteger};
constexpr Parameter kCursor = {
    .name = "cursor",
    .required = false,
    .min_length = kCursorLength,
    .max_length = kCursorLength,
    .description = "`next_cursor` of the page before, for the same filters."};
constexpr Parameter kLimit = {.name = "limit",
                              .type = Parameter::Type::kInteger,
                              .required = false,
                              .fallback = 50,
                              .minimum = 1,
                              .maximum = kMostInPage};
constexpr Parameter kOnlyCompleted = {.name = "completed",
                                      .type = Parameter::Type::kBoolean,
                                      .required = false,
                                      .description = "Only those that are (not) completed."};
constexpr Parameter kPrefix = {.name = "q",
                               .required = false,
                               .max_length = kLongestTitle,
                               .description = "Only those whose title begins so."};

constexpr Parameter kPrefer = {
    .name = "Prefer",
    .where = Parameter::Where::kHeader,
    .required = false,
    .min_length = 1,
    .max_length = 255,
    .description = "`respond-async`: do not wait for the commit, get 202 and a job (RFC 7240)."};

// RFC 7240 §2: preferences between commas, parameters behind semicolons.
bool PrefersAsync(std::string_view prefer) {
  while (!prefer.empty()) {
    std::string_view one = prefer.substr(0, prefer.find(','));
    prefer.remove_prefix(std::min(one.size() + 1, prefer.size()));
    one = one.substr(0, one.find(';'));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one == "respond-async") return true;
  }
  return false;
}

// Columns of a task, as the statements of /v1 give them.
void AppendTask(std::string& body, const store::Rows& rows, int row) {
  body += "{\"id\":";
  body += rows.text(row, 0);
  AppendText(body, "title", rows.text(row, 1));
  body += rows.boolean(row, 2) ? ",\"completed\":true,\"owner_id\":"
                               : ",\"completed\":false,\"owner_id\":";
  body += rows.text(row, 3);
  body += ",\"version\":";
  body += rows.text(row, 4);
  AppendText(body, "created_at", rows.text(row, 5));
  AppendText(body, "updated_at", rows.text(row, 6));
  body += '}';
}

std::string TaskBody(const store::Rows& rows) {
  std::string body;
  AppendTask(body, rows, 0);
  return body;
}

std::string TagOfRow(const store::Rows& rows) { return TagOf(rows.integer(0, 4)); }

}  // namespace

void Tasks::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "GET",
                    .pattern = "/v1/tasks",
                    .parameters = {kCursor, kLimit, kOnlyCompleted, kPrefix, kIfNoneMatch},
                    .handler = [this](const Call& call) { return List(call); },
                    .guards = guards_,
                    .answers = {{200, "A page, oldest first.", &kTaskPage, {"ETag"}},
                                {304, "Nothing has changed.", nullptr, {"ETag"}},
                                {503, "Come back later."}},
                    .tag = "tasks",
                    .summary = "Your tasks, page by page"});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/tasks",
                    .parameters = {kIdempotencyKey},
                    .handler = [this](const Call& call) { return Create(call); },
                    .guards = guards_,
                    .body = {&kNewTask},
                    .answers = {{201, "Committed.", &kTask, {"Location", "ETag"}},
                                {409, "The same Idempotency-Key is being answered right now."},
                                {503, "Come back later."}},
                    .tag = "tasks",
                    .summary = "Create a task"});
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/tasks:bulk",
       .parameters = {kIdempotencyKey, kPrefer},
       .handler = [this](const Call& call) { return CreateMany(call); },
       .guards = guards_,
       .body = {.shape = &kNewTasks, .max_bytes = 1 << 20},
       .answers =
           {{201, "Committed, in the order given.", &kTaskList},
            {202, "Will be done: see the job.", &kAcceptedJob, {"Location", "Preference-Applied"}},
            {409, "The same Idempotency-Key is being answered right now."},
            {503, "Come back later."}},
       .tag = "tasks",
       .summary = "Create up to 500 tasks, all or none"});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/tasks/{task_id}",
                    .parameters = {kTaskId, kIfNoneMatch},
                    .handler = [this](const Call& call) { return Get(call); },
                    .guards = guards_,
                    .answers = {{200, "The task.", &kTask, {"ETag"}},
                                {304, "Nothing has changed.", nullptr, {"ETag"}},
                                {404, "You have no such task."},
                                {503, "Come back later."}},
                    .tag = "tasks",
                    .summary = "A task"});
  routes.push_back({.method = "PATCH",
                    .pattern = "/v1/tasks/{task_id}",
                    .parameters = {kTaskId, kIfMatch},
                    .handler = [this](const Call& call) { return Update(call); },
                    .guards = guards_,
                    .body = {&kTaskChange},
                    .answers = {{200, "The task as it is now.", &kTask, {"ETag"}},
                                {404, "You have no such task."},
                                {412, "It has changed since that ETag."},
                                {503, "Come back later."}},
                    .tag = "tasks",
                    .summary = "Change a task"});
  routes.push_back({.method = "DELETE",
                    .pattern = "/v1/tasks/{task_id}",
                    .parameters = {kTaskId, kIfMatch},
                    .handler = [this](const Call& call) { return Delete(call); },
                    .guards = guards_,
                    .answers = {{204, "Gone."},
                                {404, "You have no such task."},
                                {412, "It has changed since that ETag."},
                                {503, "Come back later."}},
                    .tag = "tasks",
                    .summary = "Delete a task"});
}

Task Tasks::List(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  const std::int64_t owner = call.principal->user_id;
  const std::int64_t completed = call.Has(2) ? call.Integer(2) : -1;
  const std::uint64_t list =
      ListOf(owner, std::to_string(completed) + '&' + std::string(call.Text(3)));
  std::int64_t after = 0;
  if (call.Has(0)) {
    const auto decoded = DecodeCursor(call.Text(0), list);
    if (!decoded) co_return Invalid(kCursor, "cursor", "Not a cursor of this list");
    after = *decoded;
  }
  const std::int64_t limit = call.Integer(1);
  store::Parameters parameters;
  // One more than shown tells whether there is a next page.
  parameters.Integer(owner).Integer(after).Integer(completed).Text(call.Text(3)).Integer(limit + 1);
  auto asked = database_->Read(store::kV1Tasks, std::move(parameters), PointOf(*database_, call));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  const int shown = static_cast<int>(std::min<std::int64_t>(rows->size(), limit));
  std::string body = "{\"items\":[";
  body.reserve(static_cast<std::size_t>(shown) * 180 + 80);
  for (int row = 0; row < shown; ++row) {
    if (row > 0) body += ',';
    AppendTask(body, *rows, row);
  }
  body += "],\"next_cursor\":";
  if (rows->size() > shown) {
    http::AppendString(body, EncodeCursor(rows->integer(shown - 1, 0), list));
  } else {
    body += "null";
  }
  body += '}';
  std::string tag = http::TagOfBytes(body);
  co_return Resource(std::move(body), std::move(tag), call.Text(4));
}

Task Tasks::Create(const Call& call) { return Insert(call, {&call.body(), 1}, true); }

Task Tasks::CreateMany(const Call& call) {
  if (outbox_ == nullptr || !PrefersAsync(call.Text(1))) {
    return Insert(call, call.body()[0].items, false);
  }
  return Enqueue(call);
}

Task Tasks::Enqueue(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  sb::Json tasks = sb::Json::array();
  for (const http::Record& record : call.body()[0].items) {
    tasks.push_back(
        {{"title", record[kTitle].text}, {"completed", record[kCompleted].number != 0}});
  }
  sb::Json payload = {{"tasks", std::move(tasks)}};
  auto accepting =
      Accept(call, *database_, *outbox_, "bulk_tasks", std::move(payload), call.Text(0));
  Response response = co_await std::move(accepting);
  if (response.status == 202) {
    response.headers.emplace_back("Preference-Applied", "respond-async");
  }
  co_return response;
}

Task Tasks::Insert(const Call& call, std::span<const http::Record> records, bool single) {
  if (database_ == nullptr) co_return Unavailable();
  store::TextArray titles;
  store::BooleanArray completed;
  for (const http::Record& record : records) {
    titles.Add(record[kTitle].text);
    completed.Add(record[kCompleted].number != 0);
  }
  const std::int64_t owner = call.principal->user_id;
  store::Parameters parameters;
  parameters.Text(titles.Bytes()).Text(completed.Bytes()).Integer(owner);
  const bool once = call.Has(0);
  std::string fingerprint;
  if (once) {
    fingerprint = FingerprintOf(call.request);
    parameters.Text(call.Text(0)).Text(fingerprint).Integer(single ? 1 : 0);
  }
  auto asked = database_->Query(once ? store::kV1CreateTasksOnce : store::kV1CreateTasks,
                                std::move(parameters));
  Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    // The foreign key: the token is good, its user is gone.
    if (rows.error().code == ErrorCode::kNotFound) co_return GoneUser();
    co_return ProblemOf(rows.error());
  }
  if (once) {
    auto answer = AnswerOnce(*database_, owner, std::string(call.Text(0)), std::move(fingerprint),
                             std::move(*rows));
    auto written = Written(*database_, owner, co_await std::move(answer));
    co_return co_await std::move(written);
  }
  if (single) {
    auto written = Written(
        *database_, owner,
        Created(TaskBody(*rows), "/v1/tasks/" + std::string(rows->text(0, 0)), TagOfRow(*rows)));
    co_return co_await std::move(written);
  }
  std::string body = "{\"items\":[";
  for (int row = 0; row < rows->size(); ++row) {
    if (row > 0) body += ',';
    AppendTask(body, *rows, row);
  }
  body += "]}";
  auto written = Written(*database_, owner, Created(std::move(body), "", ""));
  co_return co_await std::move(written);
}

Task Tasks::Get(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(call.Integer(0)).Integer(call.principal->user_id);
  auto asked =
      database_->Read(store::kV1TaskById, std::move(parameters), PointOf(*database_, call));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (rows->empty()) co_return NotFound("Task");
  co_return Resource(TaskBody(*rows), TagOfRow(*rows), call.Text(1));
}

Task Tasks::Update(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  const http::FieldValue& title = call.body()[kTitle];
  const http::FieldValue& completed = call.body()[kCompleted];
  store::Parameters parameters;
  parameters.Integer(call.Integer(0))
      .Integer(call.principal->user_id)
      .Text(title.text)
      .Integer(title.given ? 1 : 0)
      .Integer(completed.given ? completed.number : -1);
  AddAllowed(parameters, call.Text(1));
  auto asked = database_->Query(store::kV1UpdateTask, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (rows->empty()) co_return NotFound("Task");
  if (rows->text(0, 0).empty()) co_return call.Has(1) ? PreconditionFailed() : NotFound("Task");
  auto written =
      Written(*database_, call.principal->user_id, Resource(TaskBody(*rows), TagOfRow(*rows), ""));
  co_return co_await std::move(written);
}

Task Tasks::Delete(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(call.Integer(0)).Integer(call.principal->user_id);
  AddAllowed(parameters, call.Text(1));
  auto asked = database_->Query(store::kV1DeleteTask, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (rows->empty()) co_return NotFound("Task");
  if (rows->text(0, 0).empty()) co_return call.Has(1) ? PreconditionFailed() : NotFound("Task");
  auto written = Written(*database_, call.principal->user_id, http::NoContent());
  co_return co_await std::move(written);
}

}  // namespace todo::v1
