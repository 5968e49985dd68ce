// TLS: the handshake works, a client's certificate reaches the handler, a new certificate needs no
// restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <thread>

#include "common/http/raw_client.h"
#include "common/http/server.h"

namespace sb::http {
namespace {

using testing::HasSubstr;

std::string ToPem(auto write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

TlsOptions::Pair SelfSigned(const char* name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  TlsOptions::Pair pair;
  pair.certificate_chain_pem = ToPem([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
  pair.private_key_pem = ToPem(
      [&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

// A blocking TLS client that asks once; what it saw.
struct Seen {
  std::string answer;
  std::string server_name;
};

Seen Ask(std::uint16_t port, const TlsOptions::Pair* own) {
  Seen seen;
  RawClient client(port);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (own != nullptr) {
    BIO* certificate_pem = BIO_new_mem_buf(own->certificate_chain_pem.data(), -1);
    X509* certificate = PEM_read_bio_X509(certificate_pem, nullptr, nullptr, nullptr);
    BIO* key_pem = BIO_new_mem_buf(own->private_key_pem.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_pem, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_pem);
    BIO_free(key_pem);
  }
  SSL* connection = SSL_new(context);
  SSL_set_fd(connection, client.fd());
  if (SSL_connect(connection) == 1) {
    X509* shown = SSL_get0_peer_certificate(connection);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    seen.server_name = name;
    const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    SSL_write(connection, request.data(), static_cast<int>(request.size()));
    char bytes[4096];
    for (int got; (got = SSL_read(connection, bytes, sizeof bytes)) > 0;) {
      seen.answer.append(bytes, static_cast<std::size_t>(got));
    }
    // 0 with a close_notify: the end was said, not cut off.
    EXPECT_EQ(SSL_get_shutdown(connection) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    SSL_shutdown(connection);
  }
  SSL_free(connection);
  SSL_CTX_free(context);
  return seen;
}

class Tls : public testing::Test {
 protected:
  Tls() {
    Show("first");
    options_.current = [this] { return std::atomic_load(&shown_); };
    options_.ask_client_certificate = true;
    ServerOptions options;
    options.address = "127.0.0.1";
    options.tls = &options_;
    server_.emplace(loop_, options, [](const Request& request) -> Task {
      Response response;
      response.body = "peer:" + std::string(request.peer_certificate_pem);
      co_return response;
    });
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Tls() override {
    boost::asio::post(loop_, [this] { server_.reset(); });
    boost::asio::post(loop_, [this] { loop_.stop(); });
    thread_.join();
  }
  void Show(const char* name) {
    std::shared_ptr<const TlsOptions::Pair> pair =
        std::make_shared<TlsOptions::Pair>(SelfSigned(name));
    std::atomic_store(&shown_, pair);
  }

  std::shared_ptr<const TlsOptions::Pair> shown_;
  TlsOptions options_;
  boost::asio::io_context loop_{1};
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(Tls, AClientWithoutACertificateIsServed) {
  const Seen seen = Ask(port_, nullptr);
  EXPECT_THAT(seen.answer, HasSubstr("200 OK"));
  EXPECT_THAT(seen.answer, testing::EndsWith("peer:"));
}

TEST_F(Tls, TheHandlerSeesTheClientsCertificate) {
  const TlsOptions::Pair own = SelfSigned("caller");
  EXPECT_THAT(Ask(port_, &own).answer, HasSubstr("peer:" + own.certificate_chain_pem));
}

TEST_F(Tls, ANewCertificateNeedsNoRestart) {
  EXPECT_EQ(Ask(port_, nullptr).server_name, "first");
  Show("second");
  EXPECT_EQ(Ask(port_, nullptr).server_name, "second");
}

TEST_F(Tls, ABrokenCertificateKeepsTheOneBefore) {
  std::shared_ptr<const TlsOptions::Pair> broken =
      std::make_shared<TlsOptions::Pair>(TlsOptions::Pair{"no", "pem"});
  EXPECT_EQ(Ask(port_, nullptr).server_name, "first");
  std::atomic_store(&shown_, broken);
  EXPECT_EQ(Ask(port_, nullptr).server_name, "first");
}

TEST_F(Tls, PlainHttpOnTheTlsPortIsClosed) {
  RawClient client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), testing::Not(HasSubstr("200")));
}

}  // namespace
}  // namespace sb::http
