// A blocking socket for tests: sends exact bytes, reads answers, fails after 10 s instead of
// hanging.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sb::http {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        rest_(std::move(other.rest_)) {}
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // What is there next; "" at the end of the stream or on an error.
  std::string ReadSome() {
    if (!rest_.empty()) return std::exchange(rest_, {});
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
  }

  std::string ReadToEnd() {
    std::string all;
    for (std::string some = ReadSome(); !some.empty(); some = ReadSome()) all += some;
    return all;
  }

  // One answer with a Content-Length, header and body.
  std::string ReadAnswer() {
    std::string all;
    for (;;) {
      const std::size_t header = all.find("\r\n\r\n");
      if (header != std::string::npos) {
        const std::size_t at = all.find("Content-Length: ");
        std::size_t length = 0;
        if (at < header) {
          std::from_chars(all.data() + at + 16, all.data() + header, length);
        }
        const std::size_t size = header + 4 + length;
        if (all.size() >= size) {
          rest_ = all.substr(size);
          return all.substr(0, size);
        }
      }
      const std::string some = ReadSome();
      if (some.empty()) return all;
      all += some;
    }
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string rest_;
};

}  // namespace sb::http
