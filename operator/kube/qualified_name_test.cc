#include "operator/kube/qualified_name.h"

#include <gtest/gtest.h>

namespace sb::kube {
namespace {

TEST(QualifiedName, IsDomainSlashName) {
  const std::string long63(63, 'a');
  for (const std::string& name :
       {std::string("example.com/clean-up"), std::string("scalablebackend.io/A_b.c9"),
        std::string("localhost/x"), long63 + ".io/" + long63}) {
    EXPECT_EQ(WhyNotQualified(name), std::nullopt) << name;
  }
}

TEST(QualifiedName, SaysWhatIsWrong) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no domain"},
      {"foregroundDeletion", "no domain"},
      {"/x", "domain name"},
      {"Example.com/x", "domain name"},
      {"-a.com/x", "domain name"},
      {"a-.com/x", "domain name"},
      {"a..com/x", "domain name"},
      {"a.com./x", "domain name"},
      {"a b.com/x", "domain name"},
      {std::string(64, 'a') + ".com/x", "domain name"},
      {"a.com/", "not a name"},
      {"a.com/x/y", "not a name"},
      {"a.com/-x", "not a name"},
      {"a.com/x.", "not a name"},
      {"a.com/x y", "not a name"},
      {"a.com/" + std::string(64, 'x'), "not a name"},
      {"a.com/\xC3\xBC", "not a name"},
  };
  for (const auto& [name, why] : cases) {
    const auto wrong = WhyNotQualified(name);
    ASSERT_TRUE(wrong.has_value()) << name;
    EXPECT_NE(wrong->find(why), std::string::npos) << name << ": " << *wrong;
  }
}

}  // namespace
}  // namespace sb::kube
