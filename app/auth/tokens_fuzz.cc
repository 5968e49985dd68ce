// Whatever is sent as a token: no crash, and nothing is believed that we did not sign. The input is
// tried as it is, and once more signed with the right key, which is how it reaches what lies behind
// the signature: then whatever is accepted must hold all the claims that are asked for.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/auth/authorization.h"
#include "app/auth/base64url.h"
#include "app/auth/signatures.h"
#include "app/auth/tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static todo::auth::KeyRing ring("");
  static todo::auth::Tokens tokens(ring, {});
  static todo::auth::Signer signer(ring.keys().keys[0].secret);
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const auto credentials = todo::auth::BearerCredentials(input);
  if (tokens.Verify(credentials ? *credentials : input)) std::abort();  // the key is random

  // header JSON, a line break, payload JSON
  const std::size_t middle = input.find('\n');
  if (middle == std::string_view::npos) return 0;
  std::string token;
  todo::auth::EncodeBase64Url(token, input.substr(0, middle));
  token += '.';
  todo::auth::EncodeBase64Url(token, input.substr(middle + 1));
  const auto signature = signer.Sign(token);
  token += '.';
  todo::auth::EncodeBase64Url(token, {signature.data(), signature.size()});
  const auto claims = tokens.Verify(token);
  if (!claims) return 0;
  if (claims->user_id <= 0 || token.size() > todo::auth::kMaxTokenBytes) std::abort();
  for (const std::string_view needed : {"HS256", "todo-api", "sub", "exp", "iss", "aud"}) {
    // An escaped name is the same name to JSON: then this check does not apply.
    if (input.find('\\') == std::string_view::npos && input.find(needed) == std::string_view::npos)
      std::abort();
  }
  return 0;
}
