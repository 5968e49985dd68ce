// Threads for jobs that compute, so that the worker's loop stays free to give signs of life.
//
//   Pool pool(loop, 2);
//   Handler handler = pool.Handle([](const Job& job) { return Outcome::Done(Sum(job)); });
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <functional>
#include <memory>

#include "app/async/waiter.h"
#include "app/jobs/handler.h"

namespace todo::jobs {

class Pool {
 public:
  Pool(boost::asio::io_context& loop, int threads)
      : loop_(loop), threads_(static_cast<std::size_t>(threads)) {}
  ~Pool() {
    threads_.stop();
    threads_.join();
  }

  // `compute` runs on a thread of the pool and must look at job.stop.
  Handler Handle(std::function<Outcome(const Job&)> compute) {
    return [this, compute = std::move(compute)](const Job& job) -> boost::asio::awaitable<Outcome> {
      using Waiter = async::Waiter<Outcome>;
      return Waiter::Wait([this, &job, &compute](Waiter waiter) {
        auto kept = std::make_shared<Waiter>(std::move(waiter));
        boost::asio::post(threads_, [this, &job, &compute, kept]() mutable {
          Outcome outcome;
          try {
            outcome = compute(job);
          } catch (const std::exception& error) {
            outcome = Outcome::Retry(error.what());
          }
          // The waiter is the loop's: it must not die on this thread.
          boost::asio::post(loop_, [waiting = std::move(kept), outcome]() mutable {
            waiting->Resume(std::move(outcome));
          });
        });
      });
    };
  }

 private:
  boost::asio::io_context& loop_;
  boost::asio::thread_pool threads_;
};

}  // namespace todo::jobs
