#include "app/auth/authority.h"

#include "common/metrics/family.h"

namespace todo::auth {

std::vector<prometheus::MetricFamily> Authority::Collect() const {
  using sb::metrics::AddSample;
  using sb::metrics::Family;
  constexpr auto kCounter = prometheus::MetricType::Counter;
  const auto count = [this](Event event) {
    return static_cast<double>(
        events_[static_cast<std::size_t>(event)].load(std::memory_order_relaxed));
  };
  std::vector<prometheus::MetricFamily> families;
  const auto plain = [&](const char* name, const char* help, prometheus::MetricType type,
                         double value) {
    families.push_back(Family(name, help, type));
    AddSample(families.back(), value);
  };
  const PasswordStats passwords = passwords_.stats();
  plain("todo_password_hashes_total", "argon2 runs: checks of passwords and new hashes.", kCounter,
        static_cast<double>(passwords.hashes));
  plain("todo_password_busy_seconds_total", "Time in argon2, of all hashing threads.", kCounter,
        passwords.busy_seconds);
  plain("todo_password_queue_length", "Passwords that wait for a hashing thread.",
        prometheus::MetricType::Gauge, static_cast<double>(passwords.queued));
  families.push_back(
      Family("todo_password_refused_total", "Passwords not looked at, by reason.", kCounter));
  AddSample(families.back(), static_cast<double>(passwords.refused), {{"reason", "queue_full"}});
  AddSample(families.back(), static_cast<double>(passwords.late), {{"reason", "late"}});
  plain("todo_password_rehashed_total", "Passwords stored anew with today's cost.", kCounter,
        count(Event::kPasswordRehashed));

  families.push_back(Family("todo_logins_total", "Logins, by outcome.", kCounter));
  AddSample(families.back(), count(Event::kLoginRight), {{"outcome", "right"}});
  AddSample(families.back(), count(Event::kLoginWrong), {{"outcome", "wrong"}});
  AddSample(families.back(), count(Event::kLoginLimited), {{"outcome", "limited"}});

  families.push_back(
      Family("todo_sessions_total", "What happened to sessions of refresh tokens.", kCounter));
  AddSample(families.back(), count(Event::kSessionOpened), {{"event", "opened"}});
  AddSample(families.back(), count(Event::kSessionRefreshed), {{"event", "refreshed"}});
  AddSample(families.back(), count(Event::kSessionReused), {{"event", "reused"}});
  AddSample(families.back(), count(Event::kSessionClosed), {{"event", "closed"}});

  plain("todo_jwt_key_loads_total", "Times that other signing keys were taken up.", kCounter,
        static_cast<double>(keys_.loads()));
  plain("todo_jwt_key_failures_total", "Times that the key files could not be used.", kCounter,
        static_cast<double>(keys_.failures()));
  return families;
}

}  // namespace todo::auth
