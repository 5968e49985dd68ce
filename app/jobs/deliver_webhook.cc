#include "app/jobs/deliver_webhook.h"

#include <boost/asio/use_awaitable.hpp>

#include "app/jobs/statements.h"
#include "app/webhooks/signature.h"

namespace todo::jobs {
namespace {

using sb::ErrorCode;
using sb::Expected;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kDeliveryTimeout{10};

}  // namespace

boost::asio::awaitable<Outcome> DeliverWebhook(store::Postgres& postgres, webhooks::Poster& poster,
                                               const Job& job) {
  store::Parameters parameters;
  parameters.Integer(job.payload["webhook_id"].get<std::int64_t>());
  auto asked = postgres.Query(kWebhookById, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return Outcome::Retry("database: " + std::string(ToString(rows.error().code)));
  if (rows->empty()) co_return Outcome::Done(R"({"skipped":"the webhook was deleted"})");
  Expected<webhooks::Url> url = webhooks::ParseUrl(rows->text(0, 0));
  if (!url) co_return Outcome::Failed(url.error().message);

  sb::Json content = {{"id", job.id},
                      {"type", job.payload["event"]},
                      {"timestamp", job.payload.value("at", sb::Json())},
                      {"data", job.payload["task"]}};
  std::string body = content.dump(-1, ' ', false, sb::Json::error_handler_t::replace);
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  std::string signature = webhooks::Sign(rows->text(0, 1), job.id, now, body);
  if (signature.empty()) co_return Outcome::Failed("the webhook's secret cannot be used");
  webhooks::PostHeaders headers = {{"Content-Type", "application/json"},
                                   {"User-Agent", "todo-webhooks/1"},
                                   {"webhook-id", job.id},
                                   {"webhook-timestamp", std::to_string(now)},
                                   {"webhook-signature", std::move(signature)}};
  auto posting = poster.Post(std::move(*url), std::move(headers), std::move(body),
                             Clock::now() + kDeliveryTimeout);
  const Expected<int> status = co_await std::move(posting);
  if (!status) {
    // Where the name points to is the user's mistake, or an attack; trying again helps neither.
    co_return status.error().code == ErrorCode::kPermissionDenied
        ? Outcome::Failed(status.error().message)
        : Outcome::Retry(status.error().message);
  }
  if (*status >= 200 && *status < 300) {
    co_return Outcome::Done("{\"status\":" + std::to_string(*status) + "}");
  }
  const std::string answer = "the receiver answered " + std::to_string(*status);
  co_return *status == 410 ? Outcome::Failed(answer) : Outcome::Retry(answer);
}

}  // namespace todo::jobs
