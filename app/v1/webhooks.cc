#include "app/v1/webhooks.h"

#include "app/http/replies.h"
#include "app/store/arrays.h"
#include "app/v1/resource.h"
#include "app/webhooks/public_address.h"
#include "app/webhooks/signature.h"
#include "app/webhooks/url.h"

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

constexpr Field kUrl = {.name = "url",
                        .min_length = 8,
                        .max_length = 2048,
                        .description = "https:// or http://, without a user or a fragment."};
constexpr Field kOnCreated = {.name = "on_task_created",
                              .type = Field::Type::kBoolean,
                              .required = false,
                              .description = "Left out: true."};
constexpr Field kOnCompleted = {.name = "on_task_completed",
                                .type = Field::Type::kBoolean,
                                .required = false,
                                .description = "Left out: true."};
constexpr Field kNewWebhookFields[] = {kUrl, kOnCreated, kOnCompleted};
constexpr Shape kNewWebhook = {"NewWebhook", kNewWebhookFields};

constexpr Field kId = {.name = "id", .type = Field::Type::kInteger};
constexpr Field kShownOnCreated = {.name = "on_task_created", .type = Field::Type::kBoolean};
constexpr Field kShownOnCompleted = {.name = "on_task_completed", .type = Field::Type::kBoolean};
constexpr Field kCreatedAt = {.name = "created_at", .format = "date-time"};
constexpr Field kWebhookFields[] = {
    kId, {.name = "url"}, kShownOnCreated, kShownOnCompleted, kCreatedAt};
constexpr Shape kWebhook = {"Webhook", kWebhookFields};
constexpr Field kMadeFields[] = {
    kId,
    {.name = "url"},
    kShownOnCreated,
    kShownOnCompleted,
    kCreatedAt,
    {.name = "secret",
     .description = "Of the signature (standardwebhooks.com). Shown this once only."}};
constexpr Shape kMadeWebhook = {"CreatedWebhook", kMadeFields};
constexpr Field kListFields[] = {{.name = "items", .type = Field::Type::kList, .of = &kWebhook}};
constexpr Shape kWebhookList = {"WebhookList", kListFields};

constexpr Parameter kWebhookId = {
    .name = "webhook_id", .where = Parameter::Where::kPath, .type = Parameter::Type::kInteger};

// Columns: id, url, on created, on completed, created_at.
void AppendWebhook(std::string& body, const store::Rows& rows, int row) {
  body += "{\"id\":";
  body += rows.text(row, 0);
  AppendText(body, "url", rows.text(row, 1));
  body += rows.boolean(row, 2) ? ",\"on_task_created\":true" : ",\"on_task_created\":false";
  body += rows.boolean(row, 3) ? ",\"on_task_completed\":true" : ",\"on_task_completed\":false";
  AppendText(body, "created_at", rows.text(row, 4));
}

}  // namespace

void Webhooks::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "POST",
                    .pattern = "/v1/webhooks",
                    .parameters = {},
                    .handler = [this](const Call& call) { return Create(call); },
                    .guards = options_.guards,
                    .body = {&kNewWebhook},
                    .answers = {{201, "Committed: later events are sent.", &kMadeWebhook},
                                {409, "You have 20 of them already."},
                                {503, "Come back later."}},
                    .tag = "webhooks",
                    .summary = "Be told of events of your tasks"});
  routes.push_back({.method = "GET",
                    .pattern = "/v1/webhooks",
                    .parameters = {},
                    .handler = [this](const Call& call) { return List(call); },
                    .guards = options_.guards,
                    .answers = {{200, "All of them.", &kWebhookList}, {503, "Come back later."}},
                    .tag = "webhooks",
                    .summary = "Your webhooks"});
  routes.push_back({.method = "DELETE",
                    .pattern = "/v1/webhooks/{webhook_id}",
                    .parameters = {kWebhookId},
                    .handler = [this](const Call& call) { return Delete(call); },
                    .guards = options_.guards,
                    .answers = {{204, "Gone. Deliveries that wait are dropped."},
                                {404, "You have no such webhook."},
                                {503, "Come back later."}},
                    .tag = "webhooks",
                    .summary = "Delete a webhook"});
}

Task Webhooks::Create(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  const http::Record& body = call.body();
  const std::string& text = body[0].text;
  const Expected<webhooks::Url> url = webhooks::ParseUrl(text);
  if (!url) co_return Invalid(kUrl, "url", url.error().message);
  // A name may point elsewhere later, so the worker looks again; an address can be told at once.
  boost::system::error_code is_name;
  const auto address = boost::asio::ip::make_address(url->host, is_name);
  if (!is_name && !options_.allow_private && !webhooks::IsPublic(address)) {
    co_return Invalid(kUrl, "url", "URL should be on the public Internet");
  }
  store::TextArray events;
  const bool on_created = !body[1].given || body[1].number != 0;
  const bool on_completed = !body[2].given || body[2].number != 0;
  if (!on_created && !on_completed) {
    co_return Invalid(kOnCreated, "events", "At least one event should be chosen");
  }
  if (on_created) events.Add("task.created");
  if (on_completed) events.Add("task.completed");
  const std::string secret = webhooks::NewSecret();
  store::Parameters parameters;
  parameters.Integer(call.principal->user_id).Text(text).Text(events.Bytes()).Text(secret);
  auto asked = database_->Query(store::kCreateWebhook, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    if (rows.error().code == ErrorCode::kNotFound) co_return GoneUser();
    co_return ProblemOf(rows.error());
  }
  if (rows->empty()) co_return http::Problem(409, "You have 20 webhooks; delete one first");
  std::string made;
  AppendWebhook(made, *rows, 0);
  AppendText(made, "secret", secret);
  made += '}';
  co_return Created(std::move(made), "", "");
}

Task Webhooks::List(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(call.principal->user_id);
  auto asked = database_->Query(store::kWebhooks, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  std::string body = "{\"items\":[";
  for (int row = 0; row < rows->size(); ++row) {
    if (row > 0) body += ',';
    AppendWebhook(body, *rows, row);
    body += '}';
  }
  body += "]}";
  co_return Fresh(std::move(body));
}

Task Webhooks::Delete(const Call& call) {
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(call.Integer(0)).Integer(call.principal->user_id);
  auto asked = database_->Query(store::kDeleteWebhook, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (rows->empty()) co_return NotFound("Webhook");
  co_return http::NoContent();
}

}  // namespace todo::v1
