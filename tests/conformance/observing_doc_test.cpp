#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/event.h"
#include "fl/site_progress.h"

// docs/observing.md is compared with the program, so that it cannot rot.
namespace consilium {
namespace {

std::string document() { return read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/observing.md"); }

std::string list_of(const std::vector<std::string_view>& names, std::string text = "") {
  for (const std::string_view name : names) text += (text.empty() ? "`" : ", `") + std::string(name) + "`";
  return text;
}

TEST(ObservingDoc, HoldsTheRowOfEveryEvent) {
  const std::string text = document();
  for (const fl::EventSchema& schema : fl::event_schemas()) {
    const std::string where = std::string(schema.has_round ? "round" : "") + (schema.has_round && schema.has_site ? ", " : "") + (schema.has_site ? "site" : "");
    std::string keys = list_of(schema.words, list_of(schema.numbers));
    if (!schema.optional.empty()) keys += (keys.empty() ? "(" : " (") + list_of(schema.optional) + ")";
    const std::string row = "| `" + std::string(schema.word) + "` | " + where + " | " + keys + " | " + std::string(schema.meaning) + " |\n";
    EXPECT_THAT(text, testing::HasSubstr(row));
  }
}

TEST(ObservingDoc, NamesEveryState) {
  const std::string text = document();
  for (int n = 0; n <= static_cast<int>(fl::SiteState::kDone); ++n) EXPECT_THAT(text, testing::HasSubstr("| `" + std::string(to_string(static_cast<fl::SiteState>(n))) + "` |"));
}

}  // namespace
}  // namespace consilium
