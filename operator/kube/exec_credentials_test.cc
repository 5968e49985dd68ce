#include "operator/kube/exec_credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "common/testing/fake_clock.h"
#include "operator/kube/read_file.h"
#include "operator/kube/testing/scripted_server.h"
#include "operator/kube/testing/temporary_files.h"
#include "operator/kube/tls_environment.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

constexpr char kV1[] = "client.authentication.k8s.io/v1";

class ExecCredentialsTest : public testing::Test {
 protected:
  ExecCredentialsTest() {
    config_.server = "https://k:6443";
    config_.exec = {.user = "me", .api_version = kV1};
    // Counts its runs, waits for the gate if there is one, and prints the answer.
    Program("echo run >> " + Path("runs") + "; if [ -p " + Path("gate") + " ]; then cat " +
            Path("gate") + "; fi; cat " + Path("answer"));
  }

  std::string Path(const char* name) const { return directory_.Path(name); }
  void Program(const std::string& script) {
    config_.exec->command = directory_.WriteProgram("plugin", "#!/bin/sh\n" + script + "\n");
  }
  void Answer(const Json& status) {
    directory_.Write(
        "answer", Json{{"apiVersion", kV1}, {"kind", "ExecCredential"}, {"status", status}}.dump());
  }
  void AnswerToken(const std::string& token, Duration lifetime) {
    Answer({{"token", token}, {"expirationTimestamp", FormatTime(clock_.WallNow() + lifetime)}});
  }
  void CloseGate() { ASSERT_EQ(mkfifo(Path("gate").c_str(), 0600), 0); }
  // Lets the run through that waits at the gate, or comes to it.
  void OpenGate() {
    std::ofstream gate(Path("gate"));
    std::filesystem::remove(Path("gate"));
  }
  long Runs() const {
    std::ifstream runs(Path("runs"));
    return std::count(std::istreambuf_iterator<char>(runs), {}, '\n');
  }
  ExecCredentials& Source() {
    if (!source_) source_.emplace(config_, clock_, limits_);
    return *source_;
  }
  // The header, or the error.
  std::string Get(Duration wait = 20s) {
    const auto credentials = Source().Get(SystemClock().Now() + wait, {});
    return credentials ? credentials->authorization : credentials.error().message;
  }

  FakeClock clock_;
  TemporaryDirectory directory_;
  ClusterConfig config_;
  ExecCredentials::Limits limits_;
  std::optional<ExecCredentials> source_;
};

TEST_F(ExecCredentialsTest, AreKeptUntilShortlyBeforeTheyExpire) {
  AnswerToken("one", 10min);
  EXPECT_EQ(Get(), "Bearer one");
  AnswerToken("two", 20min);
  clock_.Advance(9min);
  EXPECT_EQ(Get(), "Bearer one");
  EXPECT_EQ(Runs(), 1);
  // In the last 30 s the next ones are fetched, while requests go on with those at hand.
  CloseGate();
  clock_.Advance(31s);
  EXPECT_EQ(Get(), "Bearer one");
  clock_.Advance(30s);  // expired
  std::jthread opener([this] { OpenGate(); });
  EXPECT_EQ(Get(), "Bearer two");
  EXPECT_EQ(Runs(), 2);
}

TEST_F(ExecCredentialsTest, WithoutAnExpiryAreKeptUntilRefused) {
  Answer({{"token", "one"}});
  EXPECT_EQ(Get(), "Bearer one");
  Answer({{"token", "two"}});
  clock_.Advance(1000h);
  EXPECT_EQ(Get(), "Bearer one");
  Source().NoteRefused({.authorization = "Bearer one"});
  EXPECT_EQ(Get(), "Bearer two");
  Source().NoteRefused({.authorization = "Bearer one"});
  clock_.Advance(1h);
  EXPECT_EQ(Get(), "Bearer two");
  EXPECT_EQ(Runs(), 2) << "a late refusal of what was replaced already is none";
}

// A login that opens a browser, or costs an API call with a quota.
TEST_F(ExecCredentialsTest, ManyRequestsCauseOneRun) {
  Answer({{"token", "one"}});
  CloseGate();
  Source();
  std::atomic<int> good = 0;
  std::vector<std::jthread> requests;
  for (int i = 0; i < 8; ++i) requests.emplace_back([&] { good += Get() == "Bearer one"; });
  OpenGate();
  requests.clear();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(Runs(), 1);
}

TEST_F(ExecCredentialsTest, AServerThatRefusesAllDoesNotMakeAStormOfRuns) {
  Answer({{"token", "one"}});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Get(), "Bearer one");
    Source().NoteRefused({.authorization = "Bearer one"});
  }
  EXPECT_EQ(Runs(), 1);
  clock_.Advance(5s);
  EXPECT_EQ(Get(), "Bearer one");
  EXPECT_EQ(Runs(), 2);
}

TEST_F(ExecCredentialsTest, NeitherDoesAPluginThatFails) {
  Program("echo run >> " + Path("runs") + "; echo 'log in first' >&2; exit 7");
  const std::string says = "user me: exec plugin " + Path("plugin") + " ended with 7: log in first";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Get(), says);
  EXPECT_EQ(Runs(), 1);
  clock_.Advance(5s);
  EXPECT_EQ(Get(), says);
  EXPECT_EQ(Runs(), 2);
}

TEST_F(ExecCredentialsTest, AFailureLeavesWhatIsStillValid) {
  AnswerToken("one", 10min);
  EXPECT_EQ(Get(), "Bearer one");
  directory_.Write("answer", "nonsense");
  clock_.Advance(9min + 45s);
  EXPECT_EQ(Get(), "Bearer one");
  EXPECT_EQ(Get(), "Bearer one");
  clock_.Advance(1min);
  EXPECT_NE(Get().find("printed no ExecCredential in JSON"), std::string::npos) << Get();
}

TEST_F(ExecCredentialsTest, TheClockMayJump) {
  AnswerToken("one", 10min);
  EXPECT_EQ(Get(), "Bearer one");
  clock_.JumpWall(-1h);
  EXPECT_EQ(Get(), "Bearer one");
  clock_.JumpWall(2h);
  clock_.Advance(5s);
  AnswerToken("two", 10min);
  EXPECT_EQ(Get(), "Bearer two");
  EXPECT_EQ(Runs(), 2);
}

TEST_F(ExecCredentialsTest, ARequestGivesUpAtItsDeadlineTheRunDoesNot) {
  Answer({{"token", "one"}});
  CloseGate();
  const auto late = Source().Get(SystemClock().Now() + 50ms, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  OpenGate();
  EXPECT_EQ(Get(), "Bearer one");
  EXPECT_EQ(Runs(), 1);
}

TEST_F(ExecCredentialsTest, ARequestGivesUpAtStop) {
  CloseGate();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto stopped = Source().Get(SystemClock().Now() + 1h, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  const auto before = std::chrono::steady_clock::now();
  source_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s) << "the plugin is killed";
}

TEST_F(ExecCredentialsTest, APluginThatHangsIsKilled) {
  limits_.run = 200ms;
  CloseGate();
  EXPECT_NE(Get().find("did not end within"), std::string::npos) << Get();
}

TEST_F(ExecCredentialsTest, AMissingProgramSaysHowToGetIt) {
  config_.exec->command = "sb-no-such-plugin";
  config_.exec->install_hint = "see https://example.com/plugin";
  EXPECT_EQ(Get(),
            "user me: exec plugin sb-no-such-plugin is not installed: see "
            "https://example.com/plugin");
}

TEST_F(ExecCredentialsTest, GetsArgumentsEnvironmentAndCluster) {
  directory_.Write("ca.crt", "ca");
  config_.ca_file = Path("ca.crt");
  config_.exec->arguments = {"get token", "$HOME"};
  config_.exec->environment = {{"PATH", std::getenv("PATH")}, {"A", "b"}, {"A", "c"}};
  config_.exec->provide_cluster_info = true;
  Program("printf '%s|' \"$#\" \"$1\" \"$2\" \"$A\" > " + Path("seen") +
          "; printf '%s' \"$KUBERNETES_EXEC_INFO\" > " + Path("info") + "; cat " + Path("answer"));
  Answer({{"token", "one"}});
  EXPECT_EQ(Get(), "Bearer one");
  EXPECT_EQ(ReadFile(Path("seen"), 1000), "2|get token|$HOME|c|");
  EXPECT_EQ(Json::parse(*ReadFile(Path("info"), 1000)), ExecInfo(config_, *config_.exec, "ca"));
}

// We hide the system's authorities from our own OpenSSL; a plugin needs them to log in.
TEST_F(ExecCredentialsTest, KeepsTheSystemsAuthorities) {
  HideSystemRoots();
  ASSERT_STREQ(std::getenv("SSL_CERT_FILE"), "/dev/null");
  Program("printf '%s|%s' \"$SSL_CERT_FILE\" \"$SSL_CERT_DIR\" > " + Path("seen") + "; cat " +
          Path("answer"));
  Answer({{"token", "one"}});
  EXPECT_EQ(Get(), "Bearer one");
  const auto seen = ReadFile(Path("seen"), 1000);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->find("/dev/null"), std::string::npos) << *seen;
  EXPECT_EQ(seen->find("/nonexistent"), std::string::npos) << *seen;
}

TEST_F(ExecCredentialsTest, TheSameCertificateIsTheSameObject) {
  const TestCertificates one = MakeTestCertificates();
  const TestCertificates two = MakeTestCertificates();
  const auto next = [this] {
    clock_.Advance(1min);
    return Source().Get(SystemClock().Now() + 20s, {});
  };
  Answer({{"clientCertificateData", one.certificate_pem}, {"clientKeyData", one.key_pem}});
  const auto first = next();
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(first->certificate);
  EXPECT_EQ(first->authorization, "");
  Source().NoteRefused(*first);
  const auto second = next();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->certificate, first->certificate) << "or connections are closed for nothing";
  EXPECT_EQ(Runs(), 2);
  Source().NoteRefused(*second);
  Answer({{"clientCertificateData", two.certificate_pem}, {"clientKeyData", two.key_pem}});
  const auto third = next();
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_NE(third->certificate, first->certificate);
  Source().NoteRefused(*third);
  Answer({{"clientCertificateData", one.certificate_pem}, {"clientKeyData", two.key_pem}});
  const auto broken = next();
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("not usable"), std::string::npos);
}

TEST_F(ExecCredentialsTest, ATokenMustNotEndTheHeader) {
  Answer({{"token", "a\r\nX: y"}});
  EXPECT_NE(Get().find("control characters"), std::string::npos);
}

TEST_F(ExecCredentialsTest, TransportsOfOneConfigurationShareThem) {
  Answer({{"token", "one"}});
  const auto work = MakeCredentials(config_, clock_);
  const auto election = MakeCredentials(config_, clock_);
  ASSERT_TRUE(work && election);
  EXPECT_EQ(*work, *election);
  config_.exec->arguments = {"other"};
  const auto other = MakeCredentials(config_, clock_);
  ASSERT_TRUE(other);
  EXPECT_NE(*work, *other);
}

}  // namespace
}  // namespace sb::kube
