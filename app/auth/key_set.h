// The keys that sign access tokens (HS256), by their names, as files give them.
//
//   ReadKeys("/etc/jwt/key")     one file: one key, called "default"
//   ReadKeys("/etc/jwt/keys")    a folder: each file is a key, called as the file is: a mounted
//                                Secret. Names that start with a dot are Kubernetes' own (..data)
//                                and skipped.
//
// All keys verify; one signs. In a folder that is the one named in the file `current`; without that
// file, the newest (by modification time, in whole seconds; of several as new, the last by name).
// To rotate without refusing anybody: add the new key; when every replica has it, write its name
// into `current`; after the lifetime of an access token, remove the old one.
//
// The bytes of the file are the key. Line breaks at the end of a file of text are not part of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace todo::auth {

// RFC 7518 §3.2: a key of the hash's size or larger must be used.
inline constexpr std::size_t kMinKeyBytes = 32;
inline constexpr std::size_t kMaxKeyBytes = 4096;
inline constexpr std::size_t kMaxKeys = 32;
inline constexpr char kDefaultKeyId[] = "default";
inline constexpr char kCurrentFile[] = "current";

struct SigningKey {
  std::string id;      // "kid": 1 to 64 of A-Z a-z 0-9 . _ -
  std::string secret;  // never log it
  bool operator==(const SigningKey&) const = default;
};

struct KeySet {
  std::vector<SigningKey> keys;  // at least one
  std::size_t signing = 0;
  bool operator==(const KeySet&) const = default;
};

// The error names the file and what is wrong with it, and never holds a part of a key.
sb::Expected<KeySet> ReadKeys(const std::string& path);

// Changes whenever the files at `path` may have: names, inodes, sizes, times. Reads no content.
std::string StampOf(const std::string& path);

}  // namespace todo::auth
