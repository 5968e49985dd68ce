// Tokens, authorities and client certificates that change while a transport lives: it must not need
// a restart, not even in the middle of a watch, and half a file must not lock it out.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "operator/kube/cpprest_transport.h"
#include "operator/kube/testing/fake_clock.h"
#include "operator/kube/testing/scripted_server.h"
#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using Connection = ScriptedServer::Connection;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
constexpr char kUnauthorized[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}";

// Answers requests and remembers who sent them. "/watch" streams one line, and another when told.
class Api {
 public:
  struct Seen {
    std::string token;
    std::string certificate;
  };

  explicit Api(const TestCertificates* tls = nullptr)
      : server([this](Connection& connection) { Serve(connection); }, tls) {}
  ~Api() { finish_watch.count_down(); }

  std::vector<Seen> Requests() {
    std::lock_guard lock(seen_mutex_);
    return seen_;
  }
  std::vector<std::string> Tokens() {
    std::vector<std::string> tokens;
    for (const Seen& request : Requests()) tokens.push_back(request.token);
    return tokens;
  }

  std::atomic<bool> refuses = false;
  std::latch finish_watch{1};
  ScriptedServer server;

 private:
  void Serve(Connection& connection) {
    while (auto request = connection.ReadRequest()) {
      const std::size_t bearer = request->find("Bearer ");
      Seen seen{"", connection.ClientCertificate()};
      if (bearer != std::string::npos) {
        seen.token = request->substr(bearer + 7, request->find("\r\n", bearer) - bearer - 7);
      }
      {
        std::lock_guard lock(seen_mutex_);
        seen_.push_back(seen);
      }
      if (refuses) {
        connection.Write(kUnauthorized);
      } else if (request->starts_with("GET /watch")) {
        connection.Write(kChunkedHead);
        connection.Chunk("one\n");
        finish_watch.wait();
        connection.Chunk("two\n");
        connection.Chunk("");
      } else {
        connection.Write(kOk);
      }
    }
  }

  std::mutex seen_mutex_;
  std::vector<Seen> seen_;
};

class RotationTest : public testing::Test {
 protected:
  std::unique_ptr<Transport> Connect(ClusterConfig config, const char* scheme = "https") {
    config.server = std::string(scheme) + "://127.0.0.1:" + std::to_string(api_->server.port());
    auto transport = MakeTransport(config, clock_);
    if (!transport) {
      ADD_FAILURE() << transport.error().message;
      std::abort();
    }
    return std::move(*transport);
  }

  // The status of one request, or 0 if there was none; `error_` says why.
  int Get(Transport& transport) {
    auto response = transport.Send({.path = "/"}, 10s);
    error_ = response ? "" : response.error().message;
    return response ? response->status : 0;
  }

  // Does `change` while a watch is open; the watch has to go on after it.
  void DuringAWatch(Transport& transport, const std::function<void()>& change) {
    std::latch open(1);
    std::string received;
    std::jthread watch([&] {
      StreamHandlers handlers;
      handlers.on_data = [&](std::string_view bytes) {
        if (received.empty()) open.count_down();
        received += bytes;
        return true;
      };
      handlers.idle_deadline = [] { return 30s; };
      auto head = transport.Stream({.path = "/watch"}, handlers, {});
      EXPECT_TRUE(head) << head.error().message;
      if (received.empty()) open.count_down();
    });
    open.wait();
    change();
    api_->finish_watch.count_down();
    watch.join();
    EXPECT_EQ(received, "one\ntwo\n");
  }

  void Serve(const TestCertificates* tls = nullptr) { api_.emplace(tls); }

  FakeClock clock_;
  TemporaryDirectory directory_;
  std::optional<Api> api_;
  std::string error_;
};

// ---------------------------------------------------------------------------------------- tokens

class TokenRotation : public RotationTest {
 protected:
  TokenRotation() {
    Serve();
    directory_.Write("token", "one\n");
    config_.token_file = directory_.Path("token");
    transport_ = Connect(config_, "http");
  }
  std::string TokenOfNextRequest() {
    EXPECT_NE(Get(*transport_), 0) << error_;
    return api_->Tokens().back();
  }

  ClusterConfig config_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(TokenRotation, RotatesWithinAMinute) {
  EXPECT_EQ(TokenOfNextRequest(), "one");
  directory_.Write("token", "two\n");
  clock_.Advance(59s);
  EXPECT_EQ(TokenOfNextRequest(), "one") << "not a file read for each request";
  clock_.Advance(1s);
  EXPECT_EQ(TokenOfNextRequest(), "two");
}

TEST_F(TokenRotation, AnEmptyFileKeepsTheOldOne) {
  EXPECT_EQ(TokenOfNextRequest(), "one");
  for (const char* content : {"", "\n"}) {
    directory_.Write("token", content);
    clock_.Advance(1min);
    EXPECT_EQ(TokenOfNextRequest(), "one");
  }
  directory_.Write("token", "two");
  EXPECT_EQ(TokenOfNextRequest(), "two") << "without another minute";
}

TEST_F(TokenRotation, AFileThatIsGoneKeepsTheOldOne) {
  EXPECT_EQ(TokenOfNextRequest(), "one");
  std::filesystem::remove(directory_.Path("token"));
  clock_.Advance(1min);
  EXPECT_EQ(TokenOfNextRequest(), "one");
}

TEST_F(TokenRotation, A401ResetsIt) {
  api_->refuses = true;
  EXPECT_EQ(TokenOfNextRequest(), "one");
  directory_.Write("token", "two");
  EXPECT_EQ(TokenOfNextRequest(), "two");
  directory_.Write("token", "");
  EXPECT_EQ(TokenOfNextRequest(), "two") << "even then an empty file keeps the old one";
}

TEST_F(TokenRotation, A401OfAWatchResetsItToo) {
  api_->refuses = true;
  StreamHandlers handlers;
  handlers.on_data = [](std::string_view) { return true; };
  handlers.idle_deadline = [] { return 5s; };
  const auto head = transport_->Stream({.path = "/watch"}, handlers, {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->status, 401);
  directory_.Write("token", "two");
  EXPECT_EQ(TokenOfNextRequest(), "two");
}

TEST_F(TokenRotation, DuringAWatch) {
  DuringAWatch(*transport_, [&] {
    directory_.Write("token", "two");
    clock_.Advance(1min);
    EXPECT_EQ(TokenOfNextRequest(), "two");
  });
  EXPECT_EQ(api_->Tokens(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(TokenRotation, AFileThatNeverWasThereIsAnErrorNotAnAnonymousRequest) {
  config_.token_file = directory_.Path("none");
  transport_ = Connect(config_, "http");
  EXPECT_EQ(Get(*transport_), 0);
  EXPECT_EQ(error_, "there is no token in " + config_.token_file);
  EXPECT_TRUE(api_->Tokens().empty());
  directory_.Write("none", "late");
  EXPECT_EQ(TokenOfNextRequest(), "late");
}

TEST_F(TokenRotation, TheTokenOfTheConfigurationServesUntilTheFileIsThere) {
  config_.token_file = directory_.Path("none");
  config_.token = "static";
  transport_ = Connect(config_, "http");
  EXPECT_EQ(TokenOfNextRequest(), "static");
  directory_.Write("none", "file");
  EXPECT_EQ(TokenOfNextRequest(), "file");
}

// ----------------------------------------------------------------------------------- authorities

class CaRotation : public RotationTest {
 protected:
  CaRotation() {
    Serve(&old_);
    directory_.Write("ca.crt", old_.ca_pem);
    config_.ca_file = directory_.Path("ca.crt");
    transport_ = Connect(config_);
    EXPECT_EQ(Get(*transport_), 200) << error_;
  }
  // A request on a connection that was not there before.
  int GetAfresh() {
    auto response = transport_->Send({.method = "POST", .path = "/", .idempotent = false}, 10s);
    error_ = response ? "" : response.error().message;
    return response ? response->status : 0;
  }

  const TestCertificates old_ = MakeTestCertificates();
  const TestCertificates new_ = MakeTestCertificates();
  ClusterConfig config_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(CaRotation, TheNewAuthorityIsTrustedWithinFiveMinutes) {
  api_->server.UseTls(new_);
  directory_.Write("ca.crt", new_.ca_pem);
  clock_.Advance(5min);
  EXPECT_EQ(GetAfresh(), 200) << error_;
}

TEST_F(CaRotation, AServerThatIsNotTrustedIsAReasonToLookAtOnce) {
  api_->server.UseTls(new_);
  directory_.Write("ca.crt", new_.ca_pem);
  EXPECT_EQ(GetAfresh(), 0);
  EXPECT_NE(error_.find("certificate"), std::string::npos) << error_;
  EXPECT_EQ(GetAfresh(), 200) << error_;
}

TEST_F(CaRotation, DuringAWatch) {
  DuringAWatch(*transport_, [&] {
    api_->server.UseTls(new_);
    directory_.Write("ca.crt", new_.ca_pem);
    clock_.Advance(5min);
    EXPECT_EQ(GetAfresh(), 200) << error_;
    EXPECT_EQ(Get(*transport_), 200) << error_;
  });
}

TEST_F(CaRotation, BothAuthoritiesWhileTheServersChange) {
  directory_.Write("ca.crt", old_.ca_pem + "# the next one\n" + new_.ca_pem);
  clock_.Advance(5min);
  EXPECT_EQ(GetAfresh(), 200) << error_;
  api_->server.UseTls(new_);
  EXPECT_EQ(GetAfresh(), 200) << error_;
}

TEST_F(CaRotation, AnEmptyFileKeepsTheOldOne) {
  directory_.Write("ca.crt", "");
  clock_.Advance(5min);
  EXPECT_EQ(GetAfresh(), 200) << error_;
}

TEST_F(CaRotation, AFileThatIsCutOrNoPemKeepsTheOldOne) {
  const std::string cut = new_.ca_pem + old_.ca_pem.substr(0, old_.ca_pem.size() / 2);
  for (const std::string& content :
       {std::string("-----BEGIN CERT"), std::string("not PEM"), cut, old_.key_pem}) {
    directory_.Write("ca.crt", content);
    clock_.Advance(5min);
    EXPECT_EQ(GetAfresh(), 200) << error_ << " with\n" << content;
  }
  std::filesystem::remove(directory_.Path("ca.crt"));
  clock_.Advance(5min);
  EXPECT_EQ(GetAfresh(), 200) << error_;
}

// Whoever replaces an authority because its key leaked wants nobody to talk to its servers.
TEST_F(CaRotation, NoPooledConnectionOutlivesItsAuthority) {
  EXPECT_EQ(Get(*transport_), 200) << error_;
  directory_.Write("ca.crt", new_.ca_pem);
  clock_.Advance(5min);
  EXPECT_EQ(Get(*transport_), 0) << "the server's certificate is the old authority's";
}

// ---------------------------------------------------------------------------- client certificates

class CertificateRotation : public RotationTest {
 protected:
  CertificateRotation() {
    Serve(&server_);
    // Takes certificates of both authorities.
    api_->server.UseTls(server_, old_.ca_pem + new_.ca_pem);
    Write(old_.certificate_pem, old_.key_pem);
    config_.ca_pem = server_.ca_pem;
    config_.client_certificate_file = directory_.Path("me.crt");
    config_.client_key_file = directory_.Path("me.key");
    transport_ = Connect(config_);
    EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem) << error_;
  }
  void Write(const std::string& certificate, const std::string& key) {
    directory_.Write("me.crt", certificate);
    directory_.Write("me.key", key);
  }
  std::string CertificateOfNextRequest() {
    if (Get(*transport_) == 0) return "no answer: " + error_;
    return api_->Requests().back().certificate;
  }

  const TestCertificates server_ = MakeTestCertificates();
  const TestCertificates old_ = MakeTestCertificates();
  const TestCertificates new_ = MakeTestCertificates();
  ClusterConfig config_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(CertificateRotation, TheNewPairIsPresentedWithinFiveMinutesOnANewConnection) {
  Write(new_.certificate_pem, new_.key_pem);
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem);
  clock_.Advance(5min);
  EXPECT_EQ(CertificateOfNextRequest(), new_.certificate_pem)
      << "a pooled connection would go on with the old one";
}

TEST_F(CertificateRotation, DuringAWatch) {
  DuringAWatch(*transport_, [&] {
    Write(new_.certificate_pem, new_.key_pem);
    clock_.Advance(5min);
    EXPECT_EQ(CertificateOfNextRequest(), new_.certificate_pem);
  });
}

TEST_F(CertificateRotation, HalfAPairKeepsTheOldOne) {
  Write(new_.certificate_pem, old_.key_pem);
  clock_.Advance(5min);
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem) << "the key is still the old one's";
  Write(new_.certificate_pem, new_.key_pem.substr(0, 60));
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem);
  Write(new_.certificate_pem, new_.key_pem);
  EXPECT_EQ(CertificateOfNextRequest(), new_.certificate_pem) << "without another minute";
}

TEST_F(CertificateRotation, EmptyOrMissingFilesKeepTheOldOne) {
  Write("", "");
  clock_.Advance(5min);
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem);
  std::filesystem::remove(config_.client_certificate_file);
  std::filesystem::remove(config_.client_key_file);
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem);
}

TEST_F(CertificateRotation, A401ResetsIt) {
  Write(new_.certificate_pem, new_.key_pem);
  api_->refuses = true;
  EXPECT_EQ(CertificateOfNextRequest(), old_.certificate_pem);
  EXPECT_EQ(CertificateOfNextRequest(), new_.certificate_pem);
}

TEST_F(CertificateRotation, ARefusalByTlsResetsIt) {
  api_->server.UseTls(server_, new_.ca_pem);
  auto transport = Connect(config_);  // with the old pair in its memory
  Write(new_.certificate_pem, new_.key_pem);
  EXPECT_EQ(Get(*transport), 0) << "the server takes the new authority only";
  EXPECT_NE(error_.find("the server refuses us"), std::string::npos) << error_;
  EXPECT_EQ(Get(*transport), 200) << error_;
}

TEST_F(CertificateRotation, AnUnusablePairAtTheStartIsAnError) {
  Write(new_.certificate_pem, old_.key_pem);
  config_.server = "https://127.0.0.1:1";
  const auto transport = MakeTransport(config_, clock_);
  ASSERT_FALSE(transport);
  EXPECT_EQ(transport.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(transport.error().message, config_.client_certificate_file +
                                           ": the client key does not fit the client certificate");
}

// ------------------------------------------------------------------------------------- plugins

class PluginRotation : public RotationTest {
 protected:
  PluginRotation() { Serve(&server_); }

  std::unique_ptr<Transport> ConnectWithPlugin() {
    ClusterConfig config;
    config.ca_pem = server_.ca_pem;
    config.exec = {.user = "me",
                   .api_version = "client.authentication.k8s.io/v1",
                   .command = directory_.WriteProgram(
                       "plugin", "#!/bin/sh\ncat " + directory_.Path("answer") + "\n")};
    return Connect(config);
  }
  void Answer(const Json& status) {
    directory_.Write("answer", Json{{"apiVersion", "client.authentication.k8s.io/v1"},
                                    {"kind", "ExecCredential"},
                                    {"status", status}}
                                   .dump());
  }

  const TestCertificates server_ = MakeTestCertificates();
};

TEST_F(PluginRotation, A401GetsANewToken) {
  Answer({{"token", "one"}});
  auto transport = ConnectWithPlugin();
  EXPECT_EQ(Get(*transport), 200) << error_;
  Answer({{"token", "two"}});
  clock_.Advance(1h);
  EXPECT_EQ(Get(*transport), 200) << error_;
  api_->refuses = true;
  EXPECT_EQ(Get(*transport), 401);
  api_->refuses = false;
  EXPECT_EQ(Get(*transport), 200) << error_;
  EXPECT_EQ(api_->Tokens(), (std::vector<std::string>{"one", "one", "one", "two"}));
}

TEST_F(PluginRotation, AnotherCertificateClosesPooledConnections) {
  const TestCertificates one = MakeTestCertificates();
  const TestCertificates two = MakeTestCertificates();
  api_->server.UseTls(server_, one.ca_pem + two.ca_pem);
  const auto answer = [&](const TestCertificates& pair) {
    Answer({{"clientCertificateData", pair.certificate_pem},
            {"clientKeyData", pair.key_pem},
            {"expirationTimestamp", FormatTime(clock_.WallNow() + 10min)}});
  };
  answer(one);
  auto transport = ConnectWithPlugin();
  EXPECT_EQ(Get(*transport), 200) << error_;
  DuringAWatch(*transport, [&] {
    answer(two);
    clock_.Advance(11min);
    EXPECT_EQ(Get(*transport), 200) << error_;
  });
  const auto requests = api_->Requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].certificate, one.certificate_pem);
  EXPECT_EQ(requests[1].certificate, one.certificate_pem);
  EXPECT_EQ(requests[2].certificate, two.certificate_pem);
}

TEST_F(PluginRotation, ARefusalByTlsGetsANewCertificate) {
  const TestCertificates one = MakeTestCertificates();
  const TestCertificates two = MakeTestCertificates();
  api_->server.UseTls(server_, two.ca_pem);
  Answer({{"clientCertificateData", one.certificate_pem}, {"clientKeyData", one.key_pem}});
  auto transport = ConnectWithPlugin();
  EXPECT_EQ(Get(*transport), 0);
  Answer({{"clientCertificateData", two.certificate_pem}, {"clientKeyData", two.key_pem}});
  clock_.Advance(1min);
  EXPECT_EQ(Get(*transport), 200) << error_;
}

TEST_F(PluginRotation, ItsFailureIsTheRequests) {
  auto transport = ConnectWithPlugin();
  EXPECT_EQ(Get(*transport), 0);
  EXPECT_EQ(error_, "user me: exec plugin " + directory_.Path("plugin") + " ended with 1: cat: " +
                        directory_.Path("answer") + ": No such file or directory");
}

}  // namespace
}  // namespace sb::kube
