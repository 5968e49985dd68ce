// Authorities and client certificates that change while a transport lives.
#include "operator/kube/credential_rotation_fixture.h"

namespace sb::kube {
namespace {

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

}  // namespace
}  // namespace sb::kube
