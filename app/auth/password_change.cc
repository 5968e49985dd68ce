#include "app/auth/password_change.h"

#include "app/auth/bearer.h"
#include "app/http/replies.h"

namespace todo::auth {
namespace {

using http::Call;
using http::Field;
using http::Refusal;
using http::Shape;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;
using store::Parameters;
using store::Statement;

// $1 id -> password_hash. Of the primary: it may have been changed a moment ago.
constexpr Statement kHash = {"password_hash",
                             "SELECT password_hash FROM users WHERE id = $1::bigint", true};
// $1 id, $2 the hash that was checked, $3 the new one -> id, if it is still that one
constexpr Statement kChange = {"change_password",
                               "WITH changed AS (UPDATE users SET password_hash = $3::text"
                               "  WHERE id = $1::bigint AND password_hash = $2::text RETURNING id),"
                               " ended AS (UPDATE refresh_tokens SET revoked_at = now()"
                               "  WHERE user_id IN (SELECT id FROM changed) AND revoked_at IS NULL)"
                               " SELECT id FROM changed",
                               true};

constexpr Field kFields[] = {
    {.name = "current_password", .min_length = 1, .max_length = 128, .format = "password"},
    {.name = "new_password", .min_length = 8, .max_length = 128, .format = "password"}};
enum BodyField : std::size_t { kCurrent, kNew };
constexpr Shape kBody = {"PasswordChange", kFields};

Response Problem(Refusal refusal) {
  return http::Render(std::move(refusal), http::Style::kProblem);
}

}  // namespace

void PasswordChange::AddRoutes(std::vector<http::Route>& routes) {
  std::vector<http::Guard> guards = {Bearer(&tokens_)};
  if (limiter_ != nullptr) {
    for (auto guard : {limits::PerAddress(*limiter_, limits::Policy::kToken),
                       limits::PerUser(*limiter_, limits::Policy::kTokenUser)}) {
      if (guard) guards.push_back(std::move(*guard));
    }
  }
  routes.push_back({.method = "POST",
                    .pattern = "/v1/auth/password",
                    .handler = [this](const Call& call) { return Change(call); },
                    .guards = std::move(guards),
                    .body = {&kBody},
                    .answers = {{204, "Changed. All sessions of the user are over; log in again."},
                                {403, "That is not the current password"},
                                {409, "It has been changed by somebody else this instant"},
                                {503, "Too many logins at once, or no database"}},
                    .tag = "auth",
                    .summary = "Change your password"});
}

Task PasswordChange::Change(const Call& call) {
  if (database_ == nullptr) {
    co_return Problem(http::RefusalOf({sb::ErrorCode::kUnavailable, "no database"}));
  }
  Parameters who;
  who.Integer(call.principal->user_id);
  auto asked = database_->Query(kHash, std::move(who));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return Problem(http::RefusalOf(rows.error()));
  if (rows->empty()) co_return Problem(InvalidCredentials());  // deleted since
  std::optional<std::string> stored;
  if (!rows->is_null(0, 0)) stored = std::string(rows->text(0, 0));
  auto checking = authority_.passwords().Check(stored, call.body()[kCurrent].text);
  const Expected<Verdict> verdict = co_await std::move(checking);
  if (!verdict) co_return Problem(http::RefusalOf(verdict.error()));
  if (*verdict == Verdict::kWrong) {
    authority_.Count(Event::kLoginWrong);
    co_return Problem({403, "That is not the current password"});
  }
  auto hashing = authority_.passwords().Hash(call.body()[kNew].text);
  const Expected<std::string> fresh = co_await std::move(hashing);
  if (!fresh) co_return Problem(http::RefusalOf(fresh.error()));
  Parameters change;
  change.Integer(call.principal->user_id).Text(*stored).Text(*fresh);
  auto changing = database_->Query(kChange, std::move(change));
  const Expected<store::Rows> changed = co_await std::move(changing);
  if (!changed) co_return Problem(http::RefusalOf(changed.error()));
  if (changed->empty()) co_return Problem({409, "The password has just been changed"});
  co_return http::NoContent();
}

}  // namespace todo::auth
