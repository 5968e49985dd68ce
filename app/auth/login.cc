#include "app/auth/login.h"

#include <charconv>

#include "app/auth/bearer.h"
#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "common/hash.h"

namespace todo::auth {
namespace {

namespace asio = boost::asio;
using http::Call;
using http::Field;
using http::Refusal;
using http::Shape;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;
using store::Parameters;
using store::Statement;

// $1 username -> id, username, password_hash
constexpr Statement kCredentials = {
    "credentials", "SELECT id, username, password_hash FROM users WHERE username = $1::text"};
// $1 id, $2 the hash that was replaced, $3 the new one
constexpr Statement kStorePassword = {
    "store_password",
    "UPDATE users SET password_hash = $3::text WHERE id = $1::bigint AND password_hash = $2::text",
    true};

constexpr Field kFormFields[] = {
    {.name = "grant_type", .required = false, .description = "\"password\""},
    {.name = "username"},
    {.name = "password", .format = "password"},
    {.name = "scope", .required = false},
    {.name = "client_id", .required = false},
    {.name = "client_secret", .required = false, .format = "password"}};
enum FormField : std::size_t { kGrantType, kUsername, kPassword };
constexpr Shape kForm = {"PasswordForm", kFormFields, "RFC 6749 §4.3.2"};

constexpr Field kTutorialTokenFields[] = {{.name = "access_token"}, {.name = "token_type"}};
constexpr Shape kTutorialToken = {"Token", kTutorialTokenFields};

constexpr Field kPairFields[] = {
    {.name = "access_token"},
    {.name = "token_type"},
    {.name = "expires_in", .type = Field::Type::kInteger, .description = "seconds"},
    {.name = "refresh_token", .description = "good for one use"}};
constexpr Shape kPair = {"TokenPair", kPairFields};

constexpr Field kRefreshFields[] = {{.name = "refresh_token", .min_length = 1, .max_length = 128}};
constexpr Shape kRefresh = {"RefreshToken", kRefreshFields};

constexpr Field kMeFields[] = {{.name = "id", .type = Field::Type::kInteger}, {.name = "username"}};
constexpr Shape kMe = {"Me", kMeFields};

Response Rendered(const Call& call, Refusal refusal) {
  return http::Render(std::move(refusal), http::StyleOf(call.request.path));
}

Response NotStored(Response response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

void Login::AddRoutes(std::vector<http::Route>& routes) {
  const std::vector<http::Answer> wrong_password = {
      {401, "Wrong username or password"},
      {429, "Too many logins from here, or as this user"},
      {503, "Too many logins at once, or no database"}};
  const auto with = [](std::vector<http::Answer> answers, http::Answer answer) {
    answers.insert(answers.begin(), answer);
    return answers;
  };
  std::vector<http::Guard> session_guards;
  if (limiter_ != nullptr) {
    auto guard = limits::PerAddress(*limiter_, limits::Policy::kSession);
    if (guard) session_guards.push_back(std::move(*guard));
  }
  routes.push_back(
      {.method = "POST",
       .pattern = "/token",
       .handler = [this](const Call& call) { return Limited(call, &Login::TutorialToken); },
       .body = {&kForm, http::BodySpec::Media::kForm},
       .answers = with(wrong_password, {200, "An access token", &kTutorialToken}),
       .tag = "auth",
       .summary = "Log in"});
  routes.push_back({.method = "GET",
                    .pattern = "/users/me",
                    .handler = [this](const Call& call) { return Me(call); },
                    .guards = {Bearer(&tokens_)},
                    .answers = {{200, "The user", &kMe}, {503, "No database"}},
                    .tag = "auth",
                    .summary = "Who am I?"});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/auth/token",
                    .handler = [this](const Call& call) { return Limited(call, &Login::Token); },
                    .body = {&kForm, http::BodySpec::Media::kForm},
                    .answers = with(wrong_password, {200, "Both tokens", &kPair}),
                    .tag = "auth",
                    .summary = "Log in, with a refresh token"});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/auth/refresh",
                    .handler = [this](const Call& call) { return Refresh(call); },
                    .guards = session_guards,
                    .body = {&kRefresh},
                    .answers = {{200, "The next tokens; the old refresh token is used up", &kPair},
                                {401, "The refresh token is not valid, or was used before"},
                                {503, "No database"}},
                    .tag = "auth",
                    .summary = "New tokens for a refresh token"});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/auth/logout",
                    .handler = [this](const Call& call) { return Logout(call); },
                    .guards = session_guards,
                    .body = {&kRefresh},
                    .answers = {{204, "The session is over"}, {503, "No database"}},
                    .tag = "auth",
                    .summary = "End a session"});
  password_change_.AddRoutes(routes);
}

Task Login::Limited(const Call& call, Handler handler) {
  if (limiter_ == nullptr) co_return co_await (this->*handler)(call);
  std::vector<limits::Demand> demands;
  demands.push_back({limits::Policy::kToken, limiter_->ClientOf(call.request)});
  // Of one length, whatever was typed; and Redis need not hold names that may be passwords.
  demands.push_back(
      {limits::Policy::kTokenUser, sb::Sha256Hex(call.body()[kUsername].text).substr(0, 32)});
  auto asked = limiter_->Take(std::move(demands));
  limits::Admission admission = co_await std::move(asked);
  if (!admission.allowed) {
    authority_.Count(Event::kLoginLimited);
    co_return Rendered(call, limits::TooManyRequests(std::move(admission.headers)));
  }
  auto answering = (this->*handler)(call);
  Response response = co_await std::move(answering);
  for (auto& header : admission.headers) response.headers.push_back(std::move(header));
  co_return response;
}

asio::awaitable<tl::expected<Login::User, Refusal>> Login::Authenticate(const Call& call) {
  if (database_ == nullptr) {
    co_return tl::unexpected(http::RefusalOf({sb::ErrorCode::kUnavailable, "no database"}));
  }
  Parameters parameters;
  parameters.Text(call.body()[kUsername].text);
  auto asked = database_->Query(kCredentials, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return tl::unexpected(http::RefusalOf(rows.error()));
  std::optional<std::string> stored;
  if (!rows->empty() && !rows->is_null(0, 2)) stored = std::string(rows->text(0, 2));
  const std::string& password = call.body()[kPassword].text;
  auto checking = authority_.passwords().Check(stored, password);
  const Expected<Verdict> verdict = co_await std::move(checking);
  if (!verdict) co_return tl::unexpected(http::RefusalOf(verdict.error()));
  if (*verdict == Verdict::kWrong) {
    authority_.Count(Event::kLoginWrong);
    co_return tl::unexpected(
        Refusal{401, "Incorrect username or password", {{"WWW-Authenticate", "Bearer"}}});
  }
  User user{rows->integer(0, 0), std::string(rows->text(0, 1))};
  if (*verdict == Verdict::kStale) {
    auto storing = StoreAnew(user.id, *stored, password);
    co_await std::move(storing);
  }
  authority_.Count(Event::kLoginRight);
  co_return user;
}

asio::awaitable<void> Login::StoreAnew(std::int64_t id, std::string stale, std::string password) {
  // Whatever fails here, the login was right; the next one tries again.
  auto hashing = authority_.passwords().Hash(std::move(password));
  const Expected<std::string> fresh = co_await std::move(hashing);
  if (!fresh) co_return;
  Parameters parameters;
  parameters.Integer(id).Text(stale).Text(*fresh);
  auto asked = database_->Query(kStorePassword, std::move(parameters));
  const Expected<store::Rows> done = co_await std::move(asked);
  if (done) authority_.Count(Event::kPasswordRehashed);
}

Task Login::TutorialToken(const Call& call) {
  const http::FieldValue& grant = call.body()[kGrantType];
  if (grant.given && grant.text.find("password") == std::string::npos) {
    http::Problems problems(http::Style::kFastApi);
    problems.InBody();
    problems.Add("string_pattern_mismatch", kFormFields[kGrantType],
                 "String should match pattern 'password'", nullptr, "\"pattern\":\"password\"");
    Response response;
    response.status = 422;
    response.body = problems.Body();
    co_return response;
  }
  auto asked = Authenticate(call);
  const auto user = co_await std::move(asked);
  if (!user) co_return Rendered(call, user.error());
  co_return NotStored(http::Json(R"({"access_token":")" + tokens_.Issue(user->id, user->username) +
                                 R"(","token_type":"bearer"})"));
}

Response Login::Pair(const User& user, std::string_view refresh_token) {
  std::string body = R"({"access_token":")" + tokens_.Issue(user.id, user.username);
  body += R"(","token_type":"bearer","expires_in":)";
  http::AppendNumber(body, tokens_.lifetime().count());
  body += R"(,"refresh_token":")";
  body += refresh_token;
  body += "\"}";
  return NotStored(http::Json(std::move(body)));
}

Task Login::Token(const Call& call) {
  auto asked = Authenticate(call);
  const auto user = co_await std::move(asked);
  if (!user) co_return Rendered(call, user.error());
  auto opening = sessions_.Open(user->id);
  const Expected<std::string> refresh_token = co_await std::move(opening);
  if (!refresh_token) co_return Rendered(call, http::RefusalOf(refresh_token.error()));
  co_return Pair(*user, *refresh_token);
}

Task Login::Refresh(const Call& call) {
  auto asked = sessions_.Refresh(call.body()[0].text);
  const Expected<Refreshed> refreshed = co_await std::move(asked);
  if (!refreshed) {
    if (refreshed.error().code == sb::ErrorCode::kUnauthenticated) {
      co_return Rendered(call, {401, "The refresh token is not valid; log in again"});
    }
    co_return Rendered(call, http::RefusalOf(refreshed.error()));
  }
  co_return Pair({refreshed->user_id, refreshed->username}, refreshed->token);
}

Task Login::Logout(const Call& call) {
  auto asked = sessions_.Close(call.body()[0].text);
  const Expected<void> closed = co_await std::move(asked);
  if (!closed) co_return Rendered(call, http::RefusalOf(closed.error()));
  co_return http::NoContent();
}

Task Login::Me(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  auto asked = database_->UserById(call.principal->user_id);
  const Expected<std::optional<store::Row>> user = co_await std::move(asked);
  if (!user) co_return http::FromError(user.error());
  if (!*user) co_return Rendered(call, InvalidCredentials());  // deleted since
  std::string body = "{\"id\":";
  body += (*user)->text(0);
  body += ",\"username\":";
  http::AppendString(body, (*user)->text(1));
  body += '}';
  co_return http::Json(std::move(body));
}

}  // namespace todo::auth
