// Where to connect: a URL taken apart, so that the host name can be resolved without blocking the
// loop (libpq itself would call getaddrinfo).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/error.h"

namespace todo::store {

class ConnectTarget {
 public:
  // kInvalidArgument if libpq cannot read it; the message does not repeat the URL.
  static sb::Expected<ConnectTarget> Parse(const std::string& url);

  // The name to resolve; "" if there is nothing to resolve (a socket path, an address, a list of
  // hosts).
  std::string NameToResolve() const;
  std::string Port() const;
  // libpq's keywords and values, with `addresses` of the host if given, and our connection
  // settings.
  std::vector<std::pair<std::string, std::string>> Settings(
      const std::vector<std::string>& addresses) const;

 private:
  std::string Value(const char* keyword) const;

  std::vector<std::pair<std::string, std::string>> given_;
};

}  // namespace todo::store
