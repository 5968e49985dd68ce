#include "operator/kube/testing/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sb::kube {
namespace {

template <typename Write>
std::string ToPem(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

X509* MakeCertificate(EVP_PKEY* key, const char* subject, X509* issuer, EVP_PKEY* issuer_key,
                      const std::string& alternative) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
  // Key identifiers, as in every cluster's certificates: authorities of one name are told apart by
  // them.
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, nullptr, nullptr, 0);
  const auto add = [&](int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_subject_key_identifier, "hash");
  if (issuer) add(NID_authority_key_identifier, "keyid:always");
  if (alternative.empty()) {
    add(NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add(NID_subject_alt_name, alternative.c_str());
  }
  X509_sign(certificate, issuer_key, EVP_sha256());
  return certificate;
}

}  // namespace

TestCertificates MakeTestCertificates(const std::string& name) {
  EVP_PKEY* ca_key = EVP_EC_gen("P-256");
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* ca = MakeCertificate(ca_key, "test CA", nullptr, ca_key, "");
  X509* leaf = MakeCertificate(key, "test server", ca, ca_key,
                               name.empty() ? "IP:127.0.0.1" : "DNS:" + name);
  TestCertificates made{ToPem([&](BIO* out) { PEM_write_bio_X509(out, ca); }),
                        ToPem([&](BIO* out) { PEM_write_bio_X509(out, leaf); }),
                        ToPem([&](BIO* out) {
                          PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
                        })};
  X509_free(leaf);
  X509_free(ca);
  EVP_PKEY_free(key);
  EVP_PKEY_free(ca_key);
  return made;
}

long ScriptedServer::Connection::Receive(char* to, std::size_t size) {
  return tls_ ? SSL_read(tls_, to, static_cast<int>(size)) : recv(socket_, to, size, 0);
}

std::optional<std::string> ScriptedServer::Connection::ReadRequest() {
  char buffer[4096];
  std::size_t wanted = std::string::npos;
  for (;;) {
    const std::size_t head = pending_.find("\r\n\r\n");
    if (wanted == std::string::npos && head != std::string::npos) {
      wanted = head + 4;
      const std::size_t length = pending_.find("Content-Length:");
      if (length < head) wanted += std::strtoul(pending_.c_str() + length + 15, nullptr, 10);
    }
    if (pending_.size() >= wanted) {
      std::string request = pending_.substr(0, wanted);
      pending_.erase(0, wanted);
      return request;
    }
    const long count = Receive(buffer, sizeof(buffer));
    if (count <= 0) return std::nullopt;
    pending_.append(buffer, static_cast<std::size_t>(count));
  }
}

bool ScriptedServer::Connection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long count = tls_ ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                            : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool ScriptedServer::Connection::Chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return Write(std::string(size) + std::string(bytes) + "\r\n");
}

void ScriptedServer::Connection::Reset() {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void ScriptedServer::Connection::WaitForClose() {
  char buffer[64];
  (void)Receive(buffer, sizeof(buffer));
}

void ScriptedServer::Connection::Tunnel(std::uint16_t port) {
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  pollfd ends[] = {{socket_, POLLIN, 0}, {other, POLLIN, 0}};
  if (connect(other, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    send(other, pending_.data(), pending_.size(), MSG_NOSIGNAL);
    for (bool open = true; open && poll(ends, 2, -1) > 0;) {
      for (int i = 0; i < 2 && open; ++i) {
        if (ends[i].revents == 0) continue;
        char block[16384];
        const long count = recv(ends[i].fd, block, sizeof(block), 0);
        open = count > 0 &&
               send(ends[1 - i].fd, block, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
      }
    }
  }
  close(other);
}

std::string ScriptedServer::Connection::ClientCertificate() const {
  X509* certificate = tls_ ? SSL_get1_peer_certificate(tls_) : nullptr;
  if (!certificate) return "";
  std::string pem = ToPem([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
  X509_free(certificate);
  return pem;
}

bool ScriptedServer::Connection::WaitForHangUp(Duration patience) {
  pollfd waiting{socket_, POLLRDHUP, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  return poll(&waiting, 1, static_cast<int>(ms)) > 0;
}

void ScriptedServer::ResetConnections() {
  const linger at_once{1, 0};
  std::lock_guard lock(open_mutex_);
  for (int socket : open_) {
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    shutdown(socket, SHUT_RD);
  }
}

ScriptedServer::ScriptedServer(Script script, const TestCertificates* tls, std::uint16_t port)
    : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write to a client that has gone
  if (tls) UseTls(*tls);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0) {
    std::perror("scripted server");
    std::abort();
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      std::lock_guard lock(open_mutex_);
      open_.insert(socket);
      threads_.emplace_back([this, socket] { Serve(socket); });
    }
  });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  {
    std::lock_guard lock(open_mutex_);
    for (int socket : open_) shutdown(socket, SHUT_RDWR);
  }
  threads_.clear();
}

void ScriptedServer::UseTls(const TestCertificates& certificates,
                            const std::string& client_ca_pem) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  BIO* certificate_pem = BIO_new_mem_buf(certificates.certificate_pem.data(), -1);
  X509* certificate = PEM_read_bio_X509(certificate_pem, nullptr, nullptr, nullptr);
  BIO* key_pem = BIO_new_mem_buf(certificates.key_pem.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_pem, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context.get(), certificate);
  SSL_CTX_use_PrivateKey(context.get(), key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_pem);
  BIO_free(key_pem);
  if (!client_ca_pem.empty()) {
    BIO* bio = BIO_new_mem_buf(client_ca_pem.data(), -1);
    while (X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
      X509_free(authority);
    }
    BIO_free(bio);
    ERR_clear_error();
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  std::lock_guard lock(tls_mutex_);
  tls_ = std::move(context);
}

void ScriptedServer::Serve(int socket) {
  const timeval patience{2, 0};
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  std::shared_ptr<ssl_ctx_st> context;
  {
    std::lock_guard lock(tls_mutex_);
    context = tls_;
  }
  SSL* tls = nullptr;
  bool ready = true;
  if (context) {
    tls = SSL_new(context.get());
    // A client that gives up ends the delay.
    const Duration delay = handshake_delay_;
    if (delay > Duration::zero()) ready = !Connection(socket, nullptr).WaitForHangUp(delay);
    SSL_set_fd(tls, socket);
    ready = ready && SSL_accept(tls) == 1;
  }
  if (ready) {
    Connection connection(socket, tls);
    script_(connection);
  } else {
    // What the client has sent is read, so that closing does not take the alert from it.
    char block[4096];
    shutdown(socket, SHUT_WR);
    while (recv(socket, block, sizeof(block), 0) > 0) {
    }
  }
  SSL_free(tls);
  std::lock_guard lock(open_mutex_);
  open_.erase(socket);
  close(socket);
}

}  // namespace sb::kube
