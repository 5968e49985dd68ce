#include "app/auth/sessions.h"

#include "app/auth/session_token.h"
#include "common/log.h"

namespace todo::auth {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using store::Parameters;
using store::Rows;
using store::Statement;

// $1 family, $2 user, $3 hash, $4 seconds
constexpr Statement kOpen = {
    "session_open",
    "WITH expired AS (DELETE FROM refresh_tokens WHERE user_id = $2::bigint AND expires_at < now())"
    " INSERT INTO refresh_tokens (family, user_id, token_hash, expires_at) VALUES"
    " ($1::uuid, $2::bigint, $3::bytea, now() + make_interval(secs => $4::bigint))",
    true};
// $1 family, $2 the shown token's hash, $3 the next one's -> id, username. Of two at once the
// second waits for the first one's row, and then finds another hash in it.
constexpr Statement kRotate = {
    "session_rotate",
    "UPDATE refresh_tokens AS token SET token_hash = $3::bytea, rotated_at = now() FROM users"
    " WHERE family = $1::uuid AND token_hash = $2::bytea AND revoked_at IS NULL"
    " AND expires_at > now() AND users.id = token.user_id RETURNING users.id, users.username",
    true};
// $1 family, $2 the shown token's hash -> user_id, if that token is not the session's good one
constexpr Statement kRevokeReused = {
    "session_revoke_reused",
    "UPDATE refresh_tokens SET revoked_at = now() WHERE family = $1::uuid"
    " AND token_hash <> $2::bytea AND revoked_at IS NULL AND expires_at > now() RETURNING user_id",
    true};
// $1 family
constexpr Statement kClose = {"session_close",
                              "UPDATE refresh_tokens SET revoked_at = now()"
                              " WHERE family = $1::uuid AND revoked_at IS NULL",
                              true};

std::string_view View(const std::array<char, 32>& bytes) { return {bytes.data(), bytes.size()}; }

std::int64_t Number(std::string_view digits) {
  std::int64_t number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

sb::Error Invalid() { return {ErrorCode::kUnauthenticated, "the refresh token is not valid"}; }
sb::Error NoDatabase() { return {ErrorCode::kUnavailable, "no database"}; }

}  // namespace

asio::awaitable<Expected<std::string>> Sessions::Open(std::int64_t user_id) {
  if (database_ == nullptr) co_return tl::unexpected<sb::Error>(NoDatabase());
  const SessionToken token = SessionToken::Make();
  Parameters parameters;
  parameters.Text(token.Family())
      .Integer(user_id)
      .Text(View(token.Hash()))
      .Integer(authority_.session_lifetime().count());
  auto asked = database_->Query(kOpen, std::move(parameters));
  const Expected<Rows> done = co_await std::move(asked);
  if (!done) co_return tl::unexpected<sb::Error>(done.error());
  authority_.Count(Event::kSessionOpened);
  co_return token.Text();
}

asio::awaitable<Expected<Refreshed>> Sessions::Refresh(std::string text) {
  if (database_ == nullptr) co_return tl::unexpected<sb::Error>(NoDatabase());
  const std::optional<SessionToken> shown = SessionToken::Parse(text);
  if (!shown) co_return tl::unexpected<sb::Error>(Invalid());
  const SessionToken next = shown->Next();
  Parameters parameters;
  parameters.Text(shown->Family()).Text(View(shown->Hash())).Text(View(next.Hash()));
  auto asked = database_->Query(kRotate, std::move(parameters));
  const Expected<Rows> rotated = co_await std::move(asked);
  if (!rotated) co_return tl::unexpected<sb::Error>(rotated.error());
  if (!rotated->empty()) {
    authority_.Count(Event::kSessionRefreshed);
    co_return Refreshed{Number(rotated->text(0, 0)), std::string(rotated->text(0, 1)), next.Text()};
  }
  Parameters reused;
  reused.Text(shown->Family()).Text(View(shown->Hash()));
  auto revoking = database_->Query(kRevokeReused, std::move(reused));
  const Expected<Rows> revoked = co_await std::move(revoking);
  if (!revoked) co_return tl::unexpected<sb::Error>(revoked.error());
  if (!revoked->empty()) {
    authority_.Count(Event::kSessionReused);
    sb::log::Warning("a refresh token was used twice, its session is ended",
                     {{"user_id", Number(revoked->text(0, 0))}});
  }
  co_return tl::unexpected<sb::Error>(Invalid());
}

asio::awaitable<Expected<void>> Sessions::Close(std::string text) {
  if (database_ == nullptr) co_return tl::unexpected<sb::Error>(NoDatabase());
  const std::optional<SessionToken> shown = SessionToken::Parse(text);
  if (!shown) co_return Expected<void>();
  Parameters parameters;
  parameters.Text(shown->Family());
  auto asked = database_->Query(kClose, std::move(parameters));
  const Expected<Rows> done = co_await std::move(asked);
  if (!done) co_return tl::unexpected<sb::Error>(done.error());
  if (done->affected() > 0) authority_.Count(Event::kSessionClosed);
  co_return Expected<void>();
}

}  // namespace todo::auth
