// The HTTP proxy between us and an API server, from a kubeconfig's proxy-url.
#pragma once

#include <string>

#include "common/error.h"

namespace sb::kube {

struct ProxyUrl {
  std::string address = {};  // "http://proxy.example.com:3128"
  std::string user = {};     // percent-decoded; "": none
  std::string password = {};
};

// From "http://[user[:password]@]host[:port][/]"; the port is 80 if it names none. kInvalidArgument
// for anything else: proxies spoken to by TLS or SOCKS are not supported. No message holds the
// password.
Expected<ProxyUrl> ParseProxyUrl(const std::string& url);

}  // namespace sb::kube
