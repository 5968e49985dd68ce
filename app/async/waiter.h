// One coroutine that waits for one value that other code will have later: how a query's caller
// sleeps until its row has arrived, without a timer or an allocation of its own.
//
//   Reply reply = co_await Waiter<Reply>::Wait([&](Waiter<Reply> waiter) {
//   queue.push_back(std::move(waiter)); });
//   ...
//   waiter.Resume(std::move(reply));   // later, never from within the function given to Wait
//
// Resume runs the waiting coroutine at once, on the caller's stack: take what you iterate over
// apart first. A waiter that is dropped destroys the coroutine that waits. Loop thread only.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace todo::async {

template <typename T>
class Waiter {
 public:
  template <typename Start>
  static boost::asio::awaitable<T> Wait(Start start) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
        [](Handler handler, Start given) { given(Waiter(std::move(handler))); },
        boost::asio::use_awaitable, std::move(start));
  }

  void Resume(T value) {
    Handler handler = std::move(handler_);
    handler(std::move(value));
  }

 private:
  using Handler =
      typename boost::asio::async_result<boost::asio::use_awaitable_t<>, void(T)>::handler_type;
  explicit Waiter(Handler handler) : handler_(std::move(handler)) {}

  Handler handler_;
};

}  // namespace todo::async
