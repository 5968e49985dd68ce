// What an event of a watch costs from the socket to the store: an 8 kB pod over TLS, one a
// millisecond, as CPU of the client alone.
//
//   ninja -C build/release informer_bench
//   for n in 1 2 4; do SB_THREADS=$n build/release/operator/kube/informer_bench; done
//
// SB_THREADS is the size of cpprestsdk's pool. Counter: cpu_us_per_event.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "operator/kube/client.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/informer.h"
#include "operator/kube/testing/sample_pod.h"
#include "operator/kube/testing/scripted_server.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

constexpr int kEvents = 3'000;
constexpr char kEmptyList[] = R"({"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[]})";

double Seconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void WatchEvents(benchmark::State& state) {
  const char* threads = std::getenv("SB_THREADS");
  if (threads) PrepareProcess(std::atoi(threads));
  const TestCertificates certificates = MakeTestCertificates();
  for (auto _ : state) {
    std::latch sent(1);
    double server_seconds = 0;
    ScriptedServer server(
        [&](ScriptedServer::Connection& connection) {
          const auto request = connection.ReadRequest();
          if (!request) return;
          if (request->find("watch=true") == std::string::npos) {
            connection.Write("HTTP/1.1 200 OK\r\nContent-Length: " +
                             std::to_string(sizeof kEmptyList - 1) + "\r\n\r\n" + kEmptyList);
            connection.WaitForClose();
            return;
          }
          connection.Write(kChunkedHead);
          const double start = Seconds(CLOCK_THREAD_CPUTIME_ID);
          for (int i = 0; i < kEvents; ++i) {
            connection.Chunk(R"({"type":"ADDED","object":)" + SamplePod(i % 100) + "}\n");
            std::this_thread::sleep_for(1ms);
          }
          server_seconds = Seconds(CLOCK_THREAD_CPUTIME_ID) - start;
          sent.count_down();
          connection.WaitForClose();
        },
        &certificates);
    ClusterConfig config;
    config.server = "https://127.0.0.1:" + std::to_string(server.port());
    config.ca_pem = certificates.ca_pem;
    auto transport = MakeTransport(config);
    if (!transport) return state.SkipWithError(transport.error().message.c_str());
    const Client client(**transport);
    std::atomic<int> seen = 0;
    std::latch all(1);
    Informer informer(client, {.resource = Pods()},
                      [&](const ObjectKey&, const ObjectPtr&, const ObjectPtr&) {
                        if (++seen == kEvents) all.count_down();
                      });
    const double start = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    informer.Start();
    all.wait();
    sent.wait();
    const double used = Seconds(CLOCK_PROCESS_CPUTIME_ID) - start - server_seconds;
    state.counters["cpu_us_per_event"] = used / kEvents * 1e6;
    informer.Stop();
  }
}
BENCHMARK(WatchEvents)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sb::kube
