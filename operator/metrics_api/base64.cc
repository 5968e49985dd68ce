#include "operator/metrics_api/base64.h"

#include <openssl/evp.h>

namespace sb::metrics_api {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  if (bytes.empty()) return text;
  std::string sink(text.size() + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  EVP_EncodeBlock(Bytes(sink), Bytes(bytes), static_cast<int>(bytes.size()));
  return sink.substr(0, text.size());
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  // EVP_DecodeBlock takes padding anywhere, and counts it as zero bytes.
  if (text.find('=') < text.size() - padding) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(Bytes(bytes), Bytes(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace sb::metrics_api
