// redis://[user][:password]@host[:port][/database], taken apart. Parts may be percent-encoded.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace todo::cache {

struct RedisUrl {
  std::string host;
  std::string port = "6379";
  std::string user;      // "" with a password: the default user
  std::string password;  // "": no AUTH
  int database = 0;
};

// kInvalidArgument: the message does not repeat the URL, which holds a password.
sb::Expected<RedisUrl> ParseRedisUrl(std::string_view url);

}  // namespace todo::cache
