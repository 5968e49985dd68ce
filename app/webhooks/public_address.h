// May a stranger make us connect there? Only to addresses of the public Internet: everything else
// (this machine, the cluster's networks, the cloud's metadata service) trusts who can reach it
// (OWASP: server-side request forgery). The lists are IANA's special-purpose registries.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace todo::webhooks {

bool IsPublic(const boost::asio::ip::address& address);

}  // namespace todo::webhooks
