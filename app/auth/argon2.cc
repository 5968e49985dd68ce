#include "app/auth/argon2.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <sys/mman.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "common/base64.h"

namespace todo::auth {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

constexpr std::string_view kPrefix = "$argon2id$v=19$m=";
// What a stored string may ask for: it comes from our database, but a row written by mistake must
// not take the machine's memory.
constexpr std::uint32_t kMostMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMostPasses = 64;
constexpr std::uint32_t kMostLanes = 16;
constexpr std::size_t kMostBytes = 64;

struct Phc {
  Argon2Cost cost{};
  std::string salt;
  std::string digest;
};

// malloc would keep such a block after the first time (glibc raises its mmap threshold when one is
// freed), and an idle service would hold 19 MiB for each hashing thread.
int Allocate(std::uint8_t** memory, std::size_t bytes) {
  void* const mapped =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
  madvise(mapped, bytes, MADV_HUGEPAGE);  // ten page faults instead of five thousand, where allowed
  *memory = static_cast<std::uint8_t*>(mapped);
  return ARGON2_OK;
}

void Free(std::uint8_t* memory, std::size_t bytes) { munmap(memory, bytes); }

// "19456," -> 19456, and what is behind the mark.
bool TakeNumber(std::string_view& text, std::string_view mark, std::uint32_t most,
                std::uint32_t& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || number == 0 || number > most) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(mark.size());
  return true;
}

// PHC strings have base64 without padding.
std::string Unpadded(std::string_view bytes) {
  std::string text = sb::EncodeBase64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

bool DecodeUnpadded(std::string_view text, std::string& bytes) {
  if (text.empty() || text.size() > kMostBytes * 2 || text.find('=') != std::string_view::npos) {
    return false;
  }
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  std::optional<std::string> decoded = sb::DecodeBase64(padded);
  if (!decoded || decoded->size() < 8 || decoded->size() > kMostBytes) return false;
  bytes = std::move(*decoded);
  return true;
}

Expected<Phc> Parse(std::string_view text) {
  Phc phc;
  std::string_view rest = text;
  if (rest.starts_with(kPrefix)) {
    rest.remove_prefix(kPrefix.size());
    if (TakeNumber(rest, ",t=", kMostMemoryKib, phc.cost.memory_kib) &&
        TakeNumber(rest, ",p=", kMostPasses, phc.cost.passes) &&
        TakeNumber(rest, "$", kMostLanes, phc.cost.lanes)) {
      const std::size_t middle = rest.find('$');
      if (middle != std::string_view::npos && DecodeUnpadded(rest.substr(0, middle), phc.salt) &&
          DecodeUnpadded(rest.substr(middle + 1), phc.digest)) {
        return phc;
      }
    }
  }
  // The string itself is a secret: it is not part of the message.
  return Fail(ErrorCode::kInvalidArgument, "a stored password hash is no argon2id PHC string");
}

std::string Format(const Argon2Cost& cost, std::string_view salt, std::string_view digest) {
  return std::string(kPrefix) + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.passes) + ",p=" + std::to_string(cost.lanes) + "$" +
         Unpadded(salt) + "$" + Unpadded(digest);
}

Expected<void> Run(std::string_view password, const Argon2Cost& cost, std::string_view salt,
                   std::span<std::uint8_t> digest) {
  if (password.size() > kMaxPasswordBytes) {
    return Fail(ErrorCode::kInvalidArgument, "the password is longer than 1024 bytes");
  }
  // libargon2 takes pointers to mutable bytes, and writes none without its "clear" flags.
  argon2_context context{};
  context.out = digest.data();
  context.outlen = static_cast<std::uint32_t>(digest.size());
  context.pwd = reinterpret_cast<std::uint8_t*>(const_cast<char*>(password.data()));
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = reinterpret_cast<std::uint8_t*>(const_cast<char*>(salt.data()));
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.t_cost = cost.passes;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = 1;  // the pool's threads are the parallelism that was paid for
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = Allocate;
  context.free_cbk = Free;
  const int failed = argon2_ctx(&context, Argon2_id);
  if (failed == ARGON2_OK) return {};
  return Fail(failed == ARGON2_MEMORY_ALLOCATION_ERROR ? ErrorCode::kUnavailable
                                                       : ErrorCode::kInvalidArgument,
              std::string("argon2: ") + argon2_error_message(failed));
}

}  // namespace

Expected<std::string> HashPassword(std::string_view password, const Argon2Cost& cost,
                                   std::string_view salt) {
  std::array<std::uint8_t, kDigestBytes> digest;
  const Expected<void> done = Run(password, cost, salt, digest);
  if (!done) return tl::unexpected<sb::Error>(done.error());
  return Format(cost, salt, {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Expected<bool> VerifyPassword(std::string_view phc, std::string_view password) {
  const Expected<Phc> parsed = Parse(phc);
  if (!parsed) return tl::unexpected<sb::Error>(parsed.error());
  std::array<std::uint8_t, kMostBytes> digest;
  const std::size_t size = parsed->digest.size();
  const Expected<void> done =
      Run(password, parsed->cost, parsed->salt, std::span(digest).first(size));
  if (!done) return tl::unexpected<sb::Error>(done.error());
  return CRYPTO_memcmp(digest.data(), parsed->digest.data(), size) == 0;
}

Expected<Argon2Cost> CostOf(std::string_view phc) {
  const Expected<Phc> parsed = Parse(phc);
  if (!parsed) return tl::unexpected<sb::Error>(parsed.error());
  return parsed->cost;
}

std::string UnmatchablePhc(const Argon2Cost& cost) {
  // To find a password of this digest is to invert argon2.
  return Format(cost, std::string(kSaltBytes, '\x5a'), std::string(kDigestBytes, '\0'));
}

}  // namespace todo::auth
