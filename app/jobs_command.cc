#include "app/jobs_command.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <optional>

#include "app/jobs/dead_letters.h"
#include "app/jobs/statements.h"
#include "common/log.h"

namespace todo {
namespace {

namespace asio = boost::asio;
using Action = JobsCommand::Action;
using jobs::DeadLetter;
using sb::Expected;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMost = 10'000;
constexpr std::chrono::seconds kConnectWithin{5};
constexpr std::size_t kShownError = 100;

sb::Json ToJson(const DeadLetter& letter) {
  const sb::Json payload = sb::Json::parse(letter.payload, nullptr, false);
  return {{"id", letter.id},
          {"kind", letter.kind},
          {"payload", payload.is_discarded() ? sb::Json(letter.payload) : payload},
          {"error", letter.error},
          {"attempts", letter.attempts},
          {"died_at", letter.died_at}};
}

std::string Dump(const sb::Json& json, int indent) {
  return json.dump(indent, ' ', false, sb::Json::error_handler_t::replace);
}

// One line of a terminal: errors may quote what strangers sent.
std::string Printable(std::string_view text, std::size_t most) {
  std::string line(text.substr(0, most));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  if (text.size() > most) line += "...";
  return line;
}

std::string Jobs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " dead job" : " dead jobs");
}

class Session {
 public:
  Session(const Settings& settings, const JobsCommand& command)
      : command_(command),
        name_(settings.queue),
        redis_(loop_, RedisOptions(settings)),
        queue_(redis_, settings.queue) {
    if (!settings.database_url.empty()) {
      postgres_.emplace(loop_, PostgresOptionsOf(settings), jobs::Statements());
    }
    letters_.emplace(queue_, postgres_ ? &*postgres_ : nullptr, settings.queue);
  }

  int Run() {
    redis_.Start();
    if (postgres_) postgres_->Start();
    asio::co_spawn(loop_, Act(), asio::detached);
    loop_.run();
    return code_;
  }

 private:
  static cache::RedisOptions RedisOptions(const Settings& settings) {
    cache::RedisOptions options;
    options.url = settings.queue_url;
    options.purpose = "todo jobs";
    return options;
  }

  void Fail(const std::string& reason) {
    std::fprintf(stderr, "todo jobs: %s\n", reason.c_str());
    code_ = 1;
  }

  asio::awaitable<void> Act() {
    auto connecting = Connect();
    co_await std::move(connecting);
    std::string redis_away;
    auto listing = letters_->List(kMost, redis_away);
    const Expected<std::vector<DeadLetter>> dead = co_await std::move(listing);
    if (!dead) {
      Fail(dead.error().message);
    } else {
      if (!redis_away.empty()) {
        std::fprintf(stderr, "todo jobs: without Redis (%s): those in PostgreSQL only\n",
                     redis_away.c_str());
      }
      switch (command_.action) {
        case Action::kList:
          List(*dead);
          break;
        case Action::kShow:
          Show(*dead);
          break;
        case Action::kRetry:
        case Action::kDrop: {
          auto changing = Change(*dead);
          co_await std::move(changing);
          break;
        }
      }
    }
    redis_.Stop();
    if (postgres_) postgres_->Stop();
  }

  asio::awaitable<void> Connect() {
    const auto until = Clock::now() + kConnectWithin;
    asio::steady_timer timer(loop_);
    while (Clock::now() < until) {
      const bool database = !postgres_ || postgres_->stats().connected.load();
      if (database && redis_.connected()) co_return;
      boost::system::error_code ignored;
      timer.expires_after(std::chrono::milliseconds(10));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void List(const std::vector<DeadLetter>& dead) {
    if (command_.json) {
      sb::Json list = sb::Json::array();
      for (const DeadLetter& letter : dead) list.push_back(ToJson(letter));
      std::printf("%s\n", Dump(list, 2).c_str());
      return;
    }
    std::printf("%s in queue %s\n", Jobs(dead.size()).c_str(), name_.c_str());
    for (const DeadLetter& letter : dead) {
      std::printf("%s  %s  %-12s  %lld attempts  %s\n", letter.id.c_str(), letter.died_at.c_str(),
                  Printable(letter.kind, 64).c_str(), static_cast<long long>(letter.attempts),
                  Printable(letter.error, kShownError).c_str());
    }
  }

  const DeadLetter* Find(const std::vector<DeadLetter>& dead, const std::string& id) {
    const auto found = std::find_if(dead.begin(), dead.end(),
                                    [&](const DeadLetter& letter) { return letter.id == id; });
    if (found != dead.end()) return &*found;
    Fail("no dead job " + Printable(id, 64) + " in queue " + name_);
    return nullptr;
  }

  void Show(const std::vector<DeadLetter>& dead) {
    for (const std::string& id : command_.ids) {
      const DeadLetter* const letter = Find(dead, id);
      if (letter != nullptr) std::printf("%s\n", Dump(ToJson(*letter), 2).c_str());
    }
  }

  asio::awaitable<void> Change(const std::vector<DeadLetter>& dead) {
    const bool retry = command_.action == Action::kRetry;
    std::vector<const DeadLetter*> chosen;
    if (command_.all) {
      for (const DeadLetter& letter : dead) chosen.push_back(&letter);
      std::printf("%s in queue %s\n", Jobs(chosen.size()).c_str(), name_.c_str());
      if (!retry && !command_.yes && !chosen.empty()) {
        std::fprintf(stderr,
                     "todo jobs: nothing was dropped; with --yes all of them are, for good\n");
        code_ = 2;
        co_return;
      }
    } else {
      for (const std::string& id : command_.ids) {
        if (const DeadLetter* const letter = Find(dead, id)) chosen.push_back(letter);
      }
    }
    std::size_t changed = 0;
    for (const DeadLetter* const letter : chosen) {
      auto asked = retry ? letters_->Retry(*letter) : letters_->Drop(*letter);
      const Expected<bool> done = co_await std::move(asked);
      if (!done) {
        Fail(letter->id + ": " + done.error().message);
      } else if (!*done) {
        Fail(letter->id + ": somebody else was quicker");
      } else {
        ++changed;
        std::printf("%s %s\n", retry ? "queued again:" : "dropped:", letter->id.c_str());
      }
    }
    std::printf("%s %zu of %zu\n", retry ? "queued again" : "dropped", changed,
                command_.all ? chosen.size() : command_.ids.size());
  }

  const JobsCommand& command_;
  const std::string name_;
  int code_ = 0;
  asio::io_context loop_{1};
  cache::Redis redis_;
  jobs::Queue queue_;
  std::optional<store::Postgres> postgres_;
  std::optional<jobs::DeadLetters> letters_;
};

}  // namespace

int RunJobsCommand(const Settings& settings, const JobsCommand& command) {
  // Standard output is the answer, which others may parse.
  sb::log::SetLevel(sb::log::Level::kError);
  const bool needs_ids = command.action != Action::kList;
  if (needs_ids && command.ids.empty() == !command.all) {
    std::fputs("todo jobs: name the ids of jobs, or give --all\n", stderr);
    return 2;
  }
  if (settings.queue_url.empty()) {
    std::fputs("todo jobs: QUEUE_URL (or REDIS_URL) is not set\n", stderr);
    return 2;
  }
  Session session(settings, command);
  return session.Run();
}

}  // namespace todo
