// Tokens, of files and of plugins, that change while a transport lives.
#include "operator/kube/credential_rotation_fixture.h"

namespace sb::kube {
namespace {

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
