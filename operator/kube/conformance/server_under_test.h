// What the tests in this folder run against: the API server in memory, or with
// SB_CONFORMANCE_KUBECONFIG the one that this kubeconfig names. They make a namespace of their own
// and delete it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "operator/kube/client.h"
#include "operator/kube/cluster_config.h"
#include "operator/kube/cpprest_transport.h"
#include "operator/kube/testing/fake_api_server.h"

namespace sb::kube {

using namespace std::chrono_literals;

inline const char* RealKubeconfig() { return std::getenv("SB_CONFORMANCE_KUBECONFIG"); }

// One server for all tests of the process.
inline Transport& ServerUnderTest() {
  static const std::unique_ptr<Transport> server = []() -> std::unique_ptr<Transport> {
    const char* const file = RealKubeconfig();
    if (file == nullptr) return std::make_unique<FakeApiServer>();
    PrepareProcess();
    auto config = LoadDefault({.kubeconfig = file});
    auto transport = config ? MakeTransport(*config) : tl::unexpected(config.error());
    if (transport) return *std::move(transport);
    ADD_FAILURE() << transport.error().message;
    std::exit(1);
  }();
  return *server;
}

class ConformanceTest : public testing::Test {
 protected:
  ConformanceTest() {
    auto made = client_.Create(
        Namespaces(),
        {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", namespace_}}}},
        "conformance");
    EXPECT_TRUE(made) << made.error().message;
  }
  ~ConformanceTest() override {
    auto deleted = client_.Delete(Namespaces(), {"", namespace_});
    EXPECT_TRUE(deleted) << deleted.error().message;
  }

  Json ConfigMap(const std::string& name, const Json& data = Json::object()) const {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", namespace_}}},
            {"data", data}};
  }
  ObjectKey Key(const std::string& name) const { return {namespace_, name}; }
  Json Read(const std::string& name) const {
    auto found = client_.Get(ConfigMaps(), Key(name));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *std::move(found) : Json();
  }

  const std::string namespace_ =
      "conformance-" + std::to_string(std::random_device()() % 1'000'000'000);
  Client client_{ServerUnderTest()};
};

// The value, or a failed test that says why there is none.
template <typename T>
T Must(Expected<T> result, const char* what) {
  EXPECT_TRUE(result) << what << ": " << (result ? "" : result.error().message);
  return result ? *std::move(result) : T();
}

}  // namespace sb::kube
