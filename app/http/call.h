// A request on its way through the service, as guards and handlers see it.
//
//   Task Get(const Call& call) {
//     call.Integer(0);                      // the route's first parameter
//     call.body()[kTitle].text;             // a field of its JSON body
//     call.principal->user_id;              // who asks, once a guard has said so
//   }
//
// Lives as long as the handler's coroutine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/http/record.h"
#include "app/http/refusal.h"
#include "common/http/server.h"

namespace todo::http {

inline constexpr std::size_t kMaxParameters = 10;

// Who asks.
struct Principal {
  std::int64_t user_id;
  std::string username;
};

class Call {
 public:
  explicit Call(const sb::http::Request& from) : request(from) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const sb::http::Request& request;
  std::optional<Principal> principal;  // a guard's
  Headers answer_headers;              // a guard's: added to whatever the answer is

  // By the parameter's position in its route.
  std::int64_t Integer(std::size_t position) const { return integers_[position]; }
  std::string_view Text(std::size_t position) const { return texts_[position]; }
  bool Boolean(std::size_t position) const { return integers_[position] != 0; }
  // Was it sent?
  bool Has(std::size_t position) const { return (given_ >> position & 1U) != 0; }

  // Of a route with a body.
  const Record& body() const { return body_; }

 private:
  friend class Api;
  std::array<std::int64_t, kMaxParameters> integers_{};
  std::array<std::string_view, kMaxParameters> texts_{};
  std::uint32_t given_ = 0;
  std::forward_list<std::string> decoded_;  // what is not a view of the request
  Record body_;
};

// Runs before validation, in the route's order; the first refusal is the answer. May fill
// Call::principal and Call::answer_headers.
struct Guard {
  using Check = std::function<boost::asio::awaitable<std::optional<Refusal>>(Call&)>;
  Check check;
  std::vector<int> refuses = {};  // for the document: {401}
  std::string_view scheme = {};   // for the document: "bearer" if it wants a token
};

}  // namespace todo::http
