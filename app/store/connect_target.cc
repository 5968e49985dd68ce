#include "app/store/connect_target.h"

#include <arpa/inet.h>
#include <libpq-fe.h>

namespace todo::store {
namespace {

bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

sb::Expected<ConnectTarget> ConnectTarget::Parse(const std::string& url) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &message);
  if (options == nullptr) {
    // libpq's message quotes the URL, and with it the password.
    PQfreemem(message);
    return sb::Fail(sb::ErrorCode::kInvalidArgument,
                    "DATABASE_URL is not a PostgreSQL URL: expected "
                    "postgresql://user:password@host:port/database");
  }
  ConnectTarget target;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) target.given_.emplace_back(option->keyword, option->val);
  }
  PQconninfoFree(options);
  return target;
}

std::string ConnectTarget::Value(const char* keyword) const {
  for (const auto& [name, value] : given_) {
    if (name == keyword) return value;
  }
  return "";
}

std::string ConnectTarget::NameToResolve() const {
  const std::string host = Value("host");
  const bool path = host.starts_with('/') || host.starts_with('@');
  if (host.empty() || path || host.find(',') != std::string::npos || !Value("hostaddr").empty() ||
      IsAddress(host)) {
    return "";
  }
  return host;
}

std::string ConnectTarget::Port() const {
  const std::string port = Value("port");
  return port.empty() ? "5432" : port;
}

std::vector<std::pair<std::string, std::string>> ConnectTarget::Settings(
    const std::vector<std::string>& addresses) const {
  // A peer that vanished without a word is noticed within some 10 s.
  std::vector<std::pair<std::string, std::string>> settings = {
      {"client_encoding", "UTF8"}, {"fallback_application_name", "todo"},
      {"keepalives_idle", "5"},    {"keepalives_interval", "2"},
      {"keepalives_count", "3"},   {"tcp_user_timeout", "10000"},
      {"gssencmode", "disable"}};
  const auto set = [&](const std::string& name, const std::string& value) {
    for (auto& [key, existing] : settings) {
      if (key == name) {
        existing = value;
        return;
      }
    }
    settings.emplace_back(name, value);
  };
  for (const auto& [name, value] : given_) set(name, value);
  if (!addresses.empty()) {
    // The name stays beside each address: TLS verifies it.
    std::string hosts, list;
    for (const std::string& address : addresses) {
      hosts += (hosts.empty() ? "" : ",") + Value("host");
      list += (list.empty() ? "" : ",") + address;
    }
    set("host", hosts);
    set("hostaddr", list);
  }
  return settings;
}

}  // namespace todo::store
