#include "app/jobs/dead_letters.h"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "app/jobs/statements.h"
#include "common/time.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;

DeadLetter OfRow(const store::Rows& rows, int row) {
  DeadLetter letter{.id = std::string(rows.text(row, 0)),
                    .kind = std::string(rows.text(row, 1)),
                    .payload = std::string(rows.text(row, 2)),
                    .error = std::string(rows.text(row, 4)),
                    .attempts = rows.integer(row, 3),
                    .died_at = std::string(rows.text(row, 5)),
                    .stored = true};
  return letter;
}

DeadLetter OfEntry(Entry entry) {
  DeadLetter letter{.id = entry.id,
                    .kind = entry.kind,
                    .payload = entry.payload,
                    .error = entry.error,
                    .attempts = entry.attempt,
                    .stored = entry.stored};
  letter.died_at = sb::FormatTime(sb::WallTime(std::chrono::milliseconds(entry.died_at_ms)));
  letter.in_redis = std::move(entry);
  return letter;
}

}  // namespace

asio::awaitable<Expected<std::vector<DeadLetter>>> DeadLetters::List(std::size_t most,
                                                                     std::string& redis_away) {
  std::vector<DeadLetter> letters;
  if (postgres_ != nullptr) {
    store::Parameters parameters;
    parameters.Text(name_).Integer(static_cast<std::int64_t>(most));
    auto asked = postgres_->Query(kDead, std::move(parameters));
    const Expected<store::Rows> rows = co_await std::move(asked);
    if (!rows) co_return tl::unexpected<sb::Error>(rows.error());
    for (int row = 0; row < rows->size(); ++row) letters.push_back(OfRow(*rows, row));
  }
  Expected<std::vector<Entry>> entries = co_await queue_.Dead(most);
  if (!entries) {
    if (postgres_ == nullptr) co_return tl::unexpected<sb::Error>(entries.error());
    redis_away = entries.error().message;
    co_return letters;
  }
  for (Entry& entry : *entries) {
    const auto known = std::find_if(letters.begin(), letters.end(),
                                    [&](const DeadLetter& one) { return one.id == entry.id; });
    if (known != letters.end()) {
      known->in_redis = std::move(entry);
    } else if (!entry.stored || postgres_ == nullptr) {
      letters.push_back(OfEntry(std::move(entry)));
    }
    // Else PostgreSQL knows better: it lives again, or is gone.
  }
  std::stable_sort(letters.begin(), letters.end(),
                   [](const DeadLetter& a, const DeadLetter& b) { return a.died_at > b.died_at; });
  if (letters.size() > most) letters.resize(most);
  co_return letters;
}

asio::awaitable<Expected<bool>> DeadLetters::Retry(const DeadLetter& letter) {
  return Change(letter, true);
}

asio::awaitable<Expected<bool>> DeadLetters::Drop(const DeadLetter& letter) {
  return Change(letter, false);
}

asio::awaitable<Expected<bool>> DeadLetters::Change(const DeadLetter& letter, bool retry) {
  bool changed = false;
  if (letter.stored) {
    if (postgres_ == nullptr) {
      co_return sb::Fail(ErrorCode::kInvalidArgument,
                         "job " + letter.id + " is in PostgreSQL; set DATABASE_URL");
    }
    store::Parameters parameters;
    parameters.Text(letter.id);
    auto asked = postgres_->Query(retry ? kReviveDead : kDropDead, std::move(parameters));
    const Expected<store::Rows> rows = co_await std::move(asked);
    if (!rows) co_return tl::unexpected<sb::Error>(rows.error());
    changed = !rows->empty();
  }
  if (letter.in_redis) {
    // A stored one that stays behind in the stream is of no account: PostgreSQL decides.
    auto asked = retry ? queue_.Revive(*letter.in_redis) : queue_.DropDead(*letter.in_redis);
    const Expected<bool> moved = co_await std::move(asked);
    if (!letter.stored) co_return moved;
  }
  co_return changed;
}

}  // namespace todo::jobs
