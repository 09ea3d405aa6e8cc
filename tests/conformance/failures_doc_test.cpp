#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "base/files.h"

namespace consilium {
namespace {

std::set<std::string> tests_in_sources() {
  std::set<std::string> names;
  const std::regex definition(R"(^TEST(?:_F|_P)?\((\w+), (\w+)\))", std::regex::multiline);
  for (const auto& entry : fs::recursive_directory_iterator(CONSILIUM_SOURCE_DIR "/tests")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
    const std::string text = read_file(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end; ++match) names.insert((*match)[1].str() + "." + (*match)[2].str());
  }
  return names;
}

/// A promise without a test is a wish: every row of docs/failures.md names one that exists.
TEST(FailuresDoc, EveryRowNamesTestsThatExist) {
  const std::string text = read_file(CONSILIUM_SOURCE_DIR "/docs/failures.md");
  const std::set<std::string> known = tests_in_sources();
  ASSERT_GT(known.size(), 100U);
  const std::regex row(R"(^\| ([FP]?\d+) \|.*\| ([^|]*) \|$)", std::regex::multiline), name(R"(`(\w+\.\w+)`)");
  std::set<std::string> ids;
  for (std::sregex_iterator match(text.begin(), text.end(), row), end; match != end; ++match) {
    ids.insert((*match)[1].str());
    const std::string cell = (*match)[2].str();
    std::size_t count = 0;
    for (std::sregex_iterator test(cell.begin(), cell.end(), name); test != end; ++test, ++count)
      EXPECT_TRUE(known.contains((*test)[1].str())) << (*match)[1].str() << " names " << (*test)[1].str();
    EXPECT_GE(count, 1U) << (*match)[1].str() << " names no test";
  }
  for (int n = 1; n <= 10; ++n) EXPECT_TRUE(ids.contains("F" + std::to_string(n))) << n;
}

}  // namespace
}  // namespace consilium
