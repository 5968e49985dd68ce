#include "operator/kube/client_certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>

#include "operator/kube/pem.h"
#include "operator/kube/testing/scripted_server.h"

namespace sb::kube {
namespace {

std::string Encrypted(const std::string& key_pem) {
  const KeyPointer key = ParseKey(key_pem);
  BIO* memory = BIO_new(BIO_s_mem());
  char passphrase[] = "secret";
  PEM_write_bio_PrivateKey(memory, key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

class ClientCertificateTest : public testing::Test {
 protected:
  const TestCertificates pair_ = MakeTestCertificates();
};

TEST_F(ClientCertificateTest, SendsTheCertificatesBetweenItAndItsAuthority) {
  const auto certificate =
      ClientCertificate::Parse("# mine\n" + pair_.certificate_pem + pair_.ca_pem, pair_.key_pem);
  ASSERT_TRUE(certificate) << certificate.error().message;
  const std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context(SSL_CTX_new(TLS_method()));
  (*certificate)->Use(context.get());
  EXPECT_NE(SSL_CTX_get0_certificate(context.get()), nullptr);
  EXPECT_NE(SSL_CTX_get0_privatekey(context.get()), nullptr);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context.get(), &chain);
  EXPECT_EQ(sk_X509_num(chain), 1);
}

TEST_F(ClientCertificateTest, SaysWhatIsWrong) {
  const std::string& good = pair_.certificate_pem;
  struct Case {
    std::string certificate, key, says;
  };
  const Case kCases[] = {
      {"", pair_.key_pem, "the client certificate is not PEM"},
      {"nonsense", pair_.key_pem, "the client certificate is not PEM"},
      {pair_.key_pem, pair_.key_pem, "the client certificate is not PEM"},
      {good.substr(0, good.size() / 2), pair_.key_pem, "the client certificate is not PEM"},
      {good + pair_.ca_pem.substr(0, 100), pair_.key_pem, "the client certificate is not PEM"},
      {good, "", "the client key is not PEM"},
      {good, good, "the client key is not PEM"},
      // Without asking for the passphrase on the terminal, which would stop the process.
      {good, Encrypted(pair_.key_pem), "protected by a passphrase"},
      {good, MakeTestCertificates().key_pem, "does not fit"},
      {pair_.ca_pem, pair_.key_pem, "does not fit"},
  };
  for (const auto& [certificate, key, says] : kCases) {
    const auto parsed = ClientCertificate::Parse(certificate, key);
    ASSERT_FALSE(parsed) << says;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find(says), std::string::npos) << parsed.error().message;
  }
}

TEST_F(ClientCertificateTest, ABrokenAuthorityHidesNoneThatFollows) {
  const std::string broken =
      "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(ParseCertificates(pair_.ca_pem + broken + pair_.certificate_pem).size(), 2u);
  EXPECT_EQ(ParseStore(broken), nullptr);
}

}  // namespace
}  // namespace sb::kube
