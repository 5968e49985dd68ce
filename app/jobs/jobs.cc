#include "app/jobs/jobs.h"

#include <openssl/rand.h>

#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/jobs/names.h"
#include "app/jobs/sum_squares.h"

namespace todo::jobs {
namespace {

using http::Call;
using http::Parameter;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

// Beyond it new jobs are refused: a queue that nobody empties must not eat Redis' memory.
constexpr std::int64_t kMostQueued = 1'000'000;

std::string NewId() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random bytes");
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

}  // namespace

void Jobs::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back(
      {"POST",
       "/jobs/",
       {{.name = "kind", .max_length = 64},
        {.name = "n", .type = Parameter::Type::kInteger, .minimum = 0, .maximum = kMostSquares}},
       [this](const Call& call) { return Enqueue(call); }});
  routes.push_back({"GET",
                    "/jobs/{job_id}",
                    {{.name = "job_id", .where = Parameter::Where::kPath, .max_length = 64}},
                    [this](const Call& call) { return Get(call); }});
}

Task Jobs::Enqueue(const Call& call) {
  if (call.Text(0) != "sum_squares") co_return http::Detail(400, "Unknown kind of job");
  if (queue_ == nullptr) co_return http::Unavailable();
  const std::string stream = StreamOf(queue_name_);
  auto asked = queue_->Command({"XLEN", stream});
  const Expected<cache::Reply> depth = co_await std::move(asked);
  if (!depth) co_return http::Unavailable();
  if (depth->value().integer() >= kMostQueued) co_return http::Unavailable(30);

  const std::string id = NewId();
  const std::string record = RecordOf(id);
  const std::string n = std::to_string(call.Integer(1));
  auto added =
      queue_->Transaction({{"HSET", record, "status", "queued", "kind", "sum_squares", "n", n},
                           {"EXPIRE", record, kResultSeconds},
                           {"XADD", stream, "*", "id", id, "kind", "sum_squares", "n", n}});
  const Expected<cache::Reply> reply = co_await std::move(added);
  // Not known to be queued is not accepted: the caller tries again, and at worst the job runs
  // twice.
  if (!reply || reply->value()[2].text().empty()) co_return http::Unavailable();
  Response response = http::Json("{\"id\":\"" + id + "\"}");
  response.status = 202;
  response.headers.emplace_back("Location", "/jobs/" + id);
  co_return response;
}

Task Jobs::Get(const Call& call) {
  if (queue_ == nullptr) co_return http::Unavailable();
  const std::string record = RecordOf(call.Text(0));
  auto asked = queue_->Command({"HGETALL", record});
  const Expected<cache::Reply> reply = co_await std::move(asked);
  if (!reply) co_return http::Unavailable();
  const cache::Value fields = reply->value();
  if (fields.size() == 0) co_return http::Detail(404, "Job not found");
  std::string body = "{\"id\":";
  http::AppendString(body, call.Text(0));
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string_view name = fields[i].text();
    const std::string_view value = fields[i + 1].text();
    body += ',';
    http::AppendString(body, name);
    body += ':';
    // Sums beyond 2^53 would lose digits in many readers, but a JSON number has none to lose.
    if (name == "n" || name == "result") {
      body += value;
    } else {
      http::AppendString(body, value);
    }
  }
  body += '}';
  co_return http::Json(std::move(body));
}

}  // namespace todo::jobs
