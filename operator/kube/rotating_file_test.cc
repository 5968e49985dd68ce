#include "operator/kube/rotating_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/testing/fake_clock.h"
#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

TEST(RotatingFile, IsReadAgainWhenItIsOldOrInvalid) {
  FakeClock clock;
  const TemporaryFile file("one");
  RotatingFile rotating(file.path(), 60s, clock);
  EXPECT_EQ(rotating.Get(), "one");
  file.Write("two");
  clock.Advance(59s);
  EXPECT_EQ(rotating.Get(), "one");
  clock.Advance(1s);
  EXPECT_EQ(rotating.Get(), "two");
  file.Write("three");
  rotating.Invalidate();
  EXPECT_EQ(rotating.Get(), "three");
}

TEST(RotatingFile, WhatCannotBeUsedKeepsTheLastGoodContent) {
  FakeClock clock;
  const TemporaryFile file("one");
  RotatingFile rotating(file.path(), 60s, clock);
  EXPECT_EQ(rotating.Get(), "one");
  for (const std::string& content :
       {std::string(), std::string(" \r\n"), std::string((1 << 20) + 1, 'x')}) {
    file.Write(content);
    clock.Advance(60s);
    EXPECT_EQ(rotating.Get(), "one");
  }
  std::filesystem::remove(file.path());
  EXPECT_EQ(rotating.Get(), "one");
  std::filesystem::create_directory(file.path());
  EXPECT_EQ(rotating.Get(), "one");
  std::filesystem::remove(file.path());
  file.Write(std::string(1 << 20, 'x'));
  EXPECT_EQ(rotating.Get().size(), 1u << 20) << "tried again each time";
}

TEST(RotatingFile, TheInitialContentServesUntilThereIsAFile) {
  FakeClock clock;
  const TemporaryDirectory directory;
  RotatingFile rotating(directory.Path("file"), 60s, clock, "initial");
  EXPECT_EQ(rotating.Get(), "initial");
  directory.Write("file", "one");
  EXPECT_EQ(rotating.Get(), "one");
  RotatingFile fixed("", 60s, clock, "initial");
  EXPECT_EQ(fixed.Get(), "initial");
}

}  // namespace
}  // namespace sb::kube
