#include "app/jobs/kinds.h"

#include <algorithm>
#include <string>

#include "app/jobs/sum_squares.h"

namespace todo::jobs {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Field kSumSquaresFields[] = {
    {.name = "n", .type = Field::Type::kInteger, .maximum = kMostSquares}};
constexpr Field kWebhookFields[] = {{.name = "webhook_id", .type = Field::Type::kInteger},
                                    {.name = "event", .maximum = 64},
                                    {.name = "task", .type = Field::Type::kObject}};
constexpr Field kBulkTasksFields[] = {
    {.name = "tasks", .type = Field::Type::kArray, .minimum = 1, .maximum = 500}};

constexpr Kind kKinds[] = {
    {.name = "sum_squares", .fields = kSumSquaresFields},
    // A receiver may be down for the night: eleven attempts take about eight hours.
    {.name = "webhook",
     .fields = kWebhookFields,
     .retries = {.most_attempts = 11, .first = seconds(15), .most = hours(2)},
     .timeout = seconds(30)},
    {.name = "csv_export", .fields = {}, .timeout = minutes(5)},
    {.name = "bulk_tasks", .fields = kBulkTasksFields},
};

std::string About(const Field& field, std::string_view problem) {
  return "payload." + std::string(field.name) + " " + std::string(problem);
}

bool HasType(const sb::Json& value, Field::Type type) {
  switch (type) {
    case Field::Type::kInteger:
      return value.is_number_integer();
    case Field::Type::kText:
      return value.is_string();
    case Field::Type::kArray:
      return value.is_array();
    case Field::Type::kObject:
      return value.is_object();
  }
  return false;
}

std::int64_t MeasureOf(const sb::Json& value, Field::Type type) {
  switch (type) {
    case Field::Type::kInteger:
      // Beyond 63 bits it would turn negative, which no field allows.
      return value.get<std::int64_t>();
    case Field::Type::kText:
      return static_cast<std::int64_t>(value.get_ref<const std::string&>().size());
    default:
      return static_cast<std::int64_t>(value.size());
  }
}

}  // namespace

std::span<const Kind> Kinds() { return kKinds; }

const Kind* FindKind(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const Kind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

Expected<void> CheckPayload(const Kind& kind, const sb::Json& payload) {
  if (!payload.is_object()) return Fail(ErrorCode::kInvalidArgument, "payload is not an object");
  for (const Field& field : kind.fields) {
    const auto found = payload.find(std::string(field.name));
    if (found == payload.end())
      return Fail(ErrorCode::kInvalidArgument, About(field, "is missing"));
    if (!HasType(*found, field.type))
      return Fail(ErrorCode::kInvalidArgument, About(field, "has the wrong type"));
    const std::int64_t measure = MeasureOf(*found, field.type);
    if (measure < field.minimum || measure > field.maximum)
      return Fail(ErrorCode::kInvalidArgument, About(field, "is out of bounds"));
  }
  return {};
}

std::chrono::milliseconds RetryDelay(const RetryPolicy& policy, std::int64_t attempt,
                                     double random) {
  std::chrono::milliseconds ceiling = policy.first;
  for (std::int64_t i = 1; i < attempt && ceiling < policy.most; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, policy.most);
  const auto half = ceiling / 2;
  return half + std::chrono::milliseconds(
                    static_cast<std::int64_t>(static_cast<double>(half.count()) * random));
}

}  // namespace todo::jobs
