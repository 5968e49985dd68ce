#include "app/tasks/tasks.h"

#include <algorithm>

#include "app/http/json_writer.h"
#include "app/http/replies.h"

namespace todo::tasks {
namespace {

using http::Call;
using http::Parameter;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

// An answer is built in memory: a caller who wants more asks for the next part.
constexpr std::int64_t kMostRows = 10'000;

constexpr http::Field kRowFields[] = {{.name = "id", .type = http::Field::Type::kInteger},
                                      {.name = "title"},
                                      {.name = "completed", .type = http::Field::Type::kBoolean},
                                      {.name = "owner_id", .type = http::Field::Type::kInteger}};
constexpr http::Shape kTaskRow = {"TaskRow", kRowFields};

// The four columns of a task, however the row is held.
struct TaskView {
  std::string_view id, title;
  bool completed;
  std::string_view owner_id;
};

void AppendTask(std::string& body, const TaskView& task) {
  body += "{\"id\":";
  body += task.id;
  body += ",\"title\":";
  http::AppendString(body, task.title);
  body +=
      task.completed ? ",\"completed\":true,\"owner_id\":" : ",\"completed\":false,\"owner_id\":";
  body += task.owner_id;
  body += '}';
}

std::string ListBody(const store::RowRange& range) {
  const store::Rows& rows = range.rows();
  std::string body = "[";
  body.reserve(static_cast<std::size_t>(range.size()) * 80 + 2);
  for (int row = range.begin(); row < range.end(); ++row) {
    if (row > range.begin()) body += ',';
    AppendTask(body,
               {rows.text(row, 0), rows.text(row, 1), rows.boolean(row, 2), rows.text(row, 3)});
  }
  body += ']';
  return body;
}

constexpr Parameter Owner(Parameter::Where where) {
  return {.name = "owner_id", .where = where, .type = Parameter::Type::kInteger};
}
constexpr Parameter kSkip = {
    .name = "skip", .type = Parameter::Type::kInteger, .required = false, .minimum = 0};
constexpr Parameter kLimit = {.name = "limit",
                              .type = Parameter::Type::kInteger,
                              .required = false,
                              .fallback = 100,
                              .minimum = 0};

}  // namespace

void Tasks::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "POST",
                    .pattern = "/tasks/",
                    .parameters = {{.name = "title"}, Owner(Parameter::Where::kQuery)},
                    .handler = [this](const Call& call) { return Create(call); },
                    .answers = {{200, "Committed.", &kTaskRow},
                                {404, "No such owner."},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "Create a task"});
  routes.push_back({.method = "GET",
                    .pattern = "/tasks/{owner_id}",
                    .parameters = {Owner(Parameter::Where::kPath), kSkip, kLimit},
                    .handler = [this](const Call& call) { return ListOfOwner(call); },
                    .answers = {{200, "In the order of their ids.", &kTaskRow, {}, true},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "The tasks of a user"});
  routes.push_back({.method = "GET",
                    .pattern = "/tasks/",
                    .parameters = {kSkip, kLimit},
                    .handler = [this](const Call& call) { return ListAll(call); },
                    .guards = list_guards_,
                    .answers = {{200, "In the order of their ids.", &kTaskRow, {}, true},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "The tasks of everybody"});
}

Task Tasks::Create(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  store::NewTask task{std::string(call.Text(0)), call.Integer(1)};
  const Expected<store::Row> row = co_await database_->CreateTask(std::move(task));
  if (!row) {
    // The foreign key: nobody can own a task who does not exist, even if deleted a moment ago.
    if (row.error().code == ErrorCode::kNotFound) co_return http::Detail(404, "User not found");
    co_return http::FromError(row.error());
  }
  std::string body;
  AppendTask(body, {row->text(0), row->text(1), row->boolean(2), row->text(3)});
  Response response = http::Json(std::move(body));
  if (database_->has_replica()) {
    auto wrote = database_->Wrote(call.Integer(1));
    std::string token = co_await std::move(wrote);
    response.headers.emplace_back(store::kConsistencyHeader, std::move(token));
  }
  co_return response;
}

Task Tasks::ListOfOwner(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  const store::TaskPage page = {call.Integer(0), call.Integer(1),
                                std::min(call.Integer(2), kMostRows)};
  const store::Lsn at_least =
      database_->has_replica()
          ? database_->PointOf(call.Integer(0), call.request.header(store::kConsistencyHeader))
          : store::kPrimaryOnly;
  auto asked = database_->TasksOf(page, at_least);
  const Expected<store::RowRange> tasks = co_await std::move(asked);
  if (!tasks) co_return http::FromError(tasks.error());
  co_return http::Json(ListBody(*tasks));
}

Task Tasks::ListAll(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  store::Parameters parameters;
  parameters.Integer(call.Integer(0)).Integer(std::min(call.Integer(1), kMostRows));
  // Of everybody: whoever wants to see a write of their own says so.
  const store::Lsn at_least = store::LsnOf(call.request.header(store::kConsistencyHeader));
  auto asked = database_->Read(store::kAllTasks, std::move(parameters), at_least);
  Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return http::FromError(rows.error());
  co_return http::Json(ListBody(store::RowRange(std::move(*rows))));
}

}  // namespace todo::tasks
