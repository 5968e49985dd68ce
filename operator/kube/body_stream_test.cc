#include <gtest/gtest.h>
// cpprestsdk defines a macro U, which GoogleTest does not survive: after it.
#include <chrono>
#include <future>

#include "operator/kube/body_stream.h"
#include "operator/kube/cpprest_transport.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

// Bytes that arrive after their reader has left must not stop the one thread that serves every
// connection: no watch would move again.
TEST(BodyStream, AReaderWhoLeftDoesNotStopThePool) {
  PrepareProcess();
  const auto buffer = std::make_shared<BodyBuffer>(100);
  const auto stream = std::make_shared<BodyStream>(buffer);
  buffer->Close();
  std::promise<bool> refused;
  pplx::create_task([&] {
    const std::uint8_t bytes[] = {1, 2, 3};
    const pplx::task<std::size_t> written = stream->putn_nocopy(bytes, sizeof bytes);
    try {
      written.wait();
      refused.set_value(false);
    } catch (const std::exception&) {
      refused.set_value(true);
    }
  });
  auto answer = refused.get_future();
  // A blocked pool cannot be left: what is below would be gone under it.
  if (answer.wait_for(10s) != std::future_status::ready) std::abort();
  EXPECT_TRUE(answer.get());
  EXPECT_FALSE(stream->can_write());
}

}  // namespace
}  // namespace sb::kube
