#include "app/auth/tokens.h"

#include <simdjson.h>

#include <array>
#include <charconv>

#include "app/auth/base64url.h"
#include "app/auth/signatures.h"
#include "app/http/json_writer.h"

namespace todo::auth {
namespace {

namespace dom = simdjson::dom;

std::int64_t SecondsOf(sb::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool ParseUserId(std::string_view text, std::int64_t& id) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  return failed == std::errc() && end == text.data() + text.size() && id > 0;
}

// RFC 7519 §4.1.3: one name, or several of which ours is one.
bool Includes(dom::element audience, std::string_view ours) {
  std::string_view name;
  if (audience.get(name) == simdjson::SUCCESS) return name == ours;
  dom::array names;
  if (audience.get(names) != simdjson::SUCCESS) return false;
  for (const dom::element one : names) {
    if (one.get(name) == simdjson::SUCCESS && name == ours) return true;
  }
  return false;
}

// A NumericDate may have a fraction.
std::optional<std::int64_t> Date(dom::object claims, std::string_view name) {
  dom::element element;
  if (claims[name].get(element) != simdjson::SUCCESS) return std::nullopt;
  std::int64_t whole = 0;
  if (element.get(whole) == simdjson::SUCCESS) return whole;
  double real = 0;
  if (element.get(real) != simdjson::SUCCESS || !(real > -9.0e15 && real < 9.0e15)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(real);
}

struct Parts {
  std::string_view signed_text;  // header.payload
  std::string_view header, payload, signature;
};

std::optional<Parts> Split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Parts{token.substr(0, second), token.substr(0, first),
               token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

}  // namespace

// Reads the two JSON documents of a token, in buffers that stay.
class Tokens::Documents {
 public:
  Documents() {
    // The depth of a token's documents is two at most: {"aud": ["todo-api"]}.
    if (header_parser_.allocate(kMaxTokenBytes, 8) != simdjson::SUCCESS ||
        payload_parser_.allocate(kMaxTokenBytes, 8) != simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }

  std::optional<dom::object> Header(std::string_view encoded) {
    return Parse(header_parser_, header_bytes_, encoded);
  }
  std::optional<dom::object> Payload(std::string_view encoded) {
    return Parse(payload_parser_, payload_bytes_, encoded);
  }

 private:
  using Bytes = std::array<char, kMaxTokenBytes + simdjson::SIMDJSON_PADDING>;

  static std::optional<dom::object> Parse(dom::parser& parser, Bytes& bytes,
                                          std::string_view encoded) {
    const auto json = DecodeBase64Url(encoded, std::span(bytes).first(kMaxTokenBytes));
    if (!json || json->empty()) return std::nullopt;
    dom::element root;
    dom::object object;
    // The bytes are padded already: nothing is copied.
    if (parser.parse(json->data(), json->size(), false).get(root) != simdjson::SUCCESS ||
        root.get(object) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    return object;
  }

  dom::parser header_parser_;
  dom::parser payload_parser_;
  Bytes header_bytes_{};
  Bytes payload_bytes_{};
};

// One for each key, made anew when the ring has other keys.
class Tokens::Signatures {
 public:
  Signer* Of(const KeySet& set, std::string_view key_id) {
    Follow(set);
    for (std::size_t i = 0; i < set.keys.size(); ++i) {
      if (set.keys[i].id == key_id) return &signers_[i];
    }
    return nullptr;
  }
  Signer& Current(const KeySet& set) {
    Follow(set);
    return signers_[set.signing];
  }

 private:
  void Follow(const KeySet& set) {
    if (made_from_ == &set) return;  // a ring's sets stay in memory: no other has this address
    signers_.clear();
    for (const SigningKey& key : set.keys) signers_.emplace_back(key.secret);
    made_from_ = &set;
  }

  const KeySet* made_from_ = nullptr;
  std::vector<Signer> signers_;
};

Tokens::Tokens(const KeyRing& ring, TokenOptions options, const sb::Clock& clock)
    : ring_(ring),
      options_(std::move(options)),
      clock_(clock),
      signatures_(std::make_unique<Signatures>()) {}
Tokens::~Tokens() = default;

std::string Tokens::Issue(std::int64_t user_id, std::string_view username) {
  const KeySet& set = ring_.keys();
  const std::int64_t now = SecondsOf(clock_.WallNow());
  std::string json = R"({"alg":"HS256","kid":")" + set.keys[set.signing].id + R"(","typ":"JWT"})";
  std::string token;
  token.reserve(400);
  EncodeBase64Url(token, json);
  token += '.';
  json = "{\"iss\":";
  http::AppendString(json, options_.issuer);
  json += ",\"aud\":";
  http::AppendString(json, options_.audience);
  json += ",\"sub\":\"";
  http::AppendNumber(json, user_id);
  json += "\",\"username\":";
  http::AppendString(json, username);
  json += ",\"iat\":";
  http::AppendNumber(json, now);
  json += ",\"nbf\":";
  http::AppendNumber(json, now);
  json += ",\"exp\":";
  http::AppendNumber(json, now + options_.lifetime.count());
  json += '}';
  EncodeBase64Url(token, json);
  const Signature signature = signatures_->Current(set).Sign(token);
  token += '.';
  EncodeBase64Url(token, {signature.data(), signature.size()});
  return token;
}

std::optional<Claims> Tokens::Verify(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const auto parts = Split(token);
  if (!parts) return std::nullopt;
  Signature given;
  const auto signature = DecodeBase64Url(parts->signature, given);
  if (!signature || signature->size() != given.size()) return std::nullopt;

  if (!documents_) documents_ = std::make_unique<Documents>();
  const auto header = documents_->Header(parts->header);
  if (!header) return std::nullopt;
  std::string_view algorithm, type, key_id = kDefaultKeyId;
  if ((*header)["alg"].get(algorithm) != simdjson::SUCCESS || algorithm != "HS256") {
    return std::nullopt;
  }
  // Extensions that must be understood are not (RFC 7515 §4.1.11).
  if ((*header)["crit"].error() != simdjson::NO_SUCH_FIELD) return std::nullopt;
  if ((*header)["typ"].get(type) == simdjson::SUCCESS && type != "JWT" && type != "at+jwt") {
    return std::nullopt;
  }
  if (const auto kid = (*header)["kid"]; kid.error() != simdjson::NO_SUCH_FIELD) {
    if (kid.get(key_id) != simdjson::SUCCESS) return std::nullopt;
  }
  Signer* const signer = signatures_->Of(ring_.keys(), key_id);
  if (signer == nullptr || !signer->Verify(parts->signed_text, given)) return std::nullopt;

  // From here on it was written by somebody who has a key.
  const auto payload = documents_->Payload(parts->payload);
  if (!payload) return std::nullopt;
  std::string_view issuer, subject;
  Claims claims{};
  dom::element audience;
  if ((*payload)["iss"].get(issuer) != simdjson::SUCCESS || issuer != options_.issuer ||
      (*payload)["aud"].get(audience) != simdjson::SUCCESS ||
      !Includes(audience, options_.audience) ||
      (*payload)["sub"].get(subject) != simdjson::SUCCESS ||
      !ParseUserId(subject, claims.user_id)) {
    return std::nullopt;
  }
  if ((*payload)["username"].get(claims.username) != simdjson::SUCCESS) claims.username = {};

  const std::int64_t now = SecondsOf(clock_.WallNow());
  const std::int64_t leeway = options_.leeway.count();
  const auto expires = Date(*payload, "exp");
  if (!expires || *expires <= now - leeway) return std::nullopt;
  // Present and unreadable is as bad as too early.
  for (const std::string_view name : {"nbf", "iat"}) {
    if ((*payload)[name].error() == simdjson::NO_SUCH_FIELD) continue;
    const auto date = Date(*payload, name);
    if (!date || *date > now + leeway) return std::nullopt;
  }
  return claims;
}

}  // namespace todo::auth
