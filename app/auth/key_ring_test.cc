#include "app/auth/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace todo::auth {
namespace {

namespace fs = std::filesystem;

const std::string kKey(32, 'k');
const std::string kOther(32, 'o');

class KeyRingTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "key_ring_test." + std::to_string(getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/keys");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
  }
  void SetAge(const std::string& name, int seconds) {
    fs::last_write_time(folder_ + "/" + name,
                        fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }
  std::string Signing(const std::string& path) {
    const auto set = ReadKeys(folder_ + "/" + path);
    return set ? set->keys[set->signing].id : set.error().message;
  }

  std::string folder_;
};

TEST_F(KeyRingTest, AFileIsOneKey) {
  Write("key", kKey + "\r\n");
  const auto set = ReadKeys(folder_ + "/key");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->keys[0], (SigningKey{"default", kKey}));
  const std::string binary = std::string(31, '\xfe') + "\n";
  Write("key", binary);
  EXPECT_EQ(ReadKeys(folder_ + "/key")->keys[0].secret, binary) << "a byte of a random key was cut";
}

TEST_F(KeyRingTest, TheNewestOfAFolderSignsUnlessCurrentNamesAnother) {
  Write("keys/b-old", kKey);
  Write("keys/a-new", kOther);
  SetAge("keys/b-old", 100);
  SetAge("keys/a-new", 50);
  EXPECT_EQ(Signing("keys"), "a-new");
  SetAge("keys/a-new", 100);
  EXPECT_EQ(Signing("keys"), "b-old") << "of two as old the last by name";
  Write("keys/current", "a-new\n");
  EXPECT_EQ(Signing("keys"), "a-new");
  Write("keys/current", "missing");
  EXPECT_NE(Signing("keys").find("/current: does not hold the name"), std::string::npos);
}

TEST_F(KeyRingTest, ReadsAMountedSecretAndFollowsItsSwap) {
  // As kubelet's atomic writer leaves it: keys/k1 -> ..data/k1, ..data -> a folder with the time.
  fs::create_directories(folder_ + "/keys/..2026_11_24");
  Write("keys/..2026_11_24/k1", kKey);
  fs::create_directory_symlink("..2026_11_24", folder_ + "/keys/..data");
  fs::create_symlink("..data/k1", folder_ + "/keys/k1");
  KeyRing ring(folder_ + "/keys");
  ASSERT_EQ(ring.keys().keys.size(), 1u);
  EXPECT_EQ(ring.keys().keys[0], (SigningKey{"k1", kKey}));
  fs::create_directories(folder_ + "/keys/..2026_11_25");
  Write("keys/..2026_11_25/k1", kOther);
  fs::create_directory_symlink("..2026_11_25", folder_ + "/keys/..data_tmp");
  fs::rename(folder_ + "/keys/..data_tmp", folder_ + "/keys/..data");
  ring.Refresh();
  EXPECT_EQ(ring.keys().keys[0], (SigningKey{"k1", kOther})) << "a rotated Secret was not seen";
}

TEST_F(KeyRingTest, WhatIsBrokenLeavesTheKeysInForce) {
  Write("keys/k1", kKey);
  KeyRing ring(folder_ + "/keys");
  const KeySet* const before = &ring.keys();
  Write("keys/k2", "too short");
  ring.Refresh();
  ring.Refresh();
  EXPECT_EQ(&ring.keys(), before);
  EXPECT_EQ(ring.failures(), 1u) << "told once, not every five seconds";
  fs::remove_all(folder_ + "/keys");
  ring.Refresh();
  EXPECT_EQ(&ring.keys(), before);
  fs::create_directories(folder_ + "/keys");
  Write("keys/k3", kOther);
  ring.Refresh();
  EXPECT_EQ(ring.keys().keys[0].id, "k3");
}

TEST_F(KeyRingTest, ATouchedFileChangesNothing) {
  Write("key", kKey);
  KeyRing ring(folder_ + "/key");
  const KeySet* const before = &ring.keys();
  SetAge("key", 10);
  ring.Refresh();
  EXPECT_EQ(&ring.keys(), before);
}

TEST_F(KeyRingTest, WithoutAFileAKeyOfThisProcessSigns) {
  KeyRing none(""), missing(folder_ + "/nothing");
  EXPECT_EQ(none.keys().keys[0].secret.size(), kMinKeyBytes);
  EXPECT_NE(none.keys().keys[0].secret, missing.keys().keys[0].secret);
  Write("nothing", kKey);
  missing.Refresh();
  EXPECT_EQ(missing.keys().keys[0].secret, kKey) << "a key that came later was never taken up";
}

TEST_F(KeyRingTest, ErrorsNameTheFileAndHoldNoKey) {
  const std::string secret = "a-secret-that-is-short";
  const struct {
    std::string name, bytes, message;
  } kCases[] = {
      {"keys/k1", secret, "keys/k1: a key of 22 bytes is too short"},
      {"keys/k1", std::string(5000, 's'), "at most 4096"},
      {"keys/bad name", kKey, "a key's name"},
  };
  for (const auto& test : kCases) {
    Write(test.name, test.bytes);
    const auto set = ReadKeys(folder_ + "/keys");
    ASSERT_FALSE(set);
    EXPECT_NE(set.error().message.find(test.message), std::string::npos) << set.error().message;
    EXPECT_EQ(set.error().message.find(secret), std::string::npos);
    fs::remove(folder_ + "/" + test.name);
  }
  EXPECT_FALSE(ReadKeys(folder_ + "/keys")) << "an empty folder is no key set";
  ASSERT_EQ(mkfifo((folder_ + "/keys/pipe").c_str(), 0600), 0);
  EXPECT_FALSE(ReadKeys(folder_ + "/keys")) << "and a pipe must not hang the process";
}

}  // namespace
}  // namespace todo::auth
