#include "operator/prometheus/credentials.h"

#include <algorithm>
#include <optional>

#include "common/base64.h"

namespace sb::promql {
namespace {

// Shorter ones occur in any text by chance.
constexpr std::size_t kShortestSecret = 4;

std::string Trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool FitsHeader(const std::string& value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string NameOf(const std::string& namespace_name, const api::SecretKey& key) {
  return "Secret " + namespace_name + "/" + key.name + ", key " + key.key;
}

class Resolver {
 public:
  Resolver(const api::PrometheusAccess& access, const SecretValue& value_of)
      : access_(access), value_of_(value_of) {}

  Expected<Credentials> Resolve() && {
    if (access_.bearer_token) {
      Authorize("Bearer " + Text(*access_.bearer_token));
    } else if (access_.username && access_.password) {
      const std::string user = Text(*access_.username);
      const std::string password = Text(*access_.password);
      if (user.find(':') != std::string::npos) {
        Refuse(*access_.username, "holds a ':', which ends a user name");
      }
      Authorize("Basic " + EncodeBase64(user + ":" + password));
    }
    for (const api::PrometheusField& header : access_.headers) {
      credentials_.headers.emplace_back(header.name,
                                        header.secret ? Text(*header.secret) : header.value);
    }
    for (const api::PrometheusField& parameter : access_.query_parameters) {
      credentials_.query_parameters.emplace_back(parameter.name, parameter.value);
    }
    if (access_.authority) credentials_.authority_pem = Pem(*access_.authority);
    if (access_.certificate && access_.key) {
      credentials_.certificate_pem = Pem(*access_.certificate);
      credentials_.key_pem = Pem(*access_.key);
    }
    if (error_) return tl::unexpected(*error_);
    return std::move(credentials_);
  }

 private:
  void Refuse(const api::SecretKey& key, const std::string& why) {
    if (!error_) {
      error_ = Error{ErrorCode::kInvalidArgument,
                     NameOf(access_.namespace_, key) + " " + why + "; correct it"};
    }
  }

  std::string Value(const api::SecretKey& key) {
    auto value = value_of_(access_.namespace_, key);
    if (value) return *std::move(value);
    if (!error_) error_ = value.error();
    return "";
  }

  std::string Text(const api::SecretKey& key) {
    std::string text = Trimmed(Value(key));
    if (error_) return text;
    if (text.empty()) Refuse(key, "is empty");
    if (!FitsHeader(text)) Refuse(key, "holds a line break or another control character");
    credentials_.secrets.push_back(text);
    return text;
  }

  std::string Pem(const api::SecretKey& key) {
    const std::string name = "Secret " + access_.namespace_ + "/" + key.name;
    if (credentials_.tls_origin.find(name) == std::string::npos) {
      credentials_.tls_origin += (credentials_.tls_origin.empty() ? "" : " and ") + name;
    }
    return Value(key);
  }

  void Authorize(std::string value) {
    credentials_.secrets.push_back(value.substr(value.find(' ') + 1));
    credentials_.headers.emplace_back("Authorization", std::move(value));
  }

  const api::PrometheusAccess& access_;
  const SecretValue& value_of_;
  Credentials credentials_;
  std::optional<Error> error_;
};

}  // namespace

Expected<Credentials> Resolve(const api::PrometheusAccess& access, const SecretValue& value_of) {
  return Resolver(access, value_of).Resolve();
}

std::string WithoutSecrets(std::string text, const Credentials& credentials) {
  for (const std::string& secret : credentials.secrets) {
    if (secret.size() < kShortestSecret) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  return text;
}

}  // namespace sb::promql
