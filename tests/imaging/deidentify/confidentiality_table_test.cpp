#include "imaging/deidentify/confidentiality_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

namespace consilium::imaging {
namespace {

using enum BasicAction;

std::size_t with_letter(char letter) {
  std::size_t count = 0;
  for (const auto& row : confidentiality_rows()) count += std::string_view(row.options).find(letter) != std::string_view::npos ? 1 : 0;
  return count;
}

TEST(ConfidentialityTable, HasTheRowsOf2024b) {
  std::map<BasicAction, std::size_t> counts;
  for (const auto& row : confidentiality_rows()) ++counts[row.basic];
  EXPECT_EQ(confidentiality_rows().size(), 617U);
  EXPECT_EQ(confidentiality_group_rows().size(), 4U);
  const std::map<BasicAction, std::size_t> expected{{kX, 380}, {kD, 92}, {kU, 54}, {kZ, 42}, {kXD, 22}, {kXZ, 11}, {kXZD, 8}, {kZD, 6}, {kXZU, 2}};
  EXPECT_EQ(counts, expected);
}

TEST(ConfidentialityTable, HasTheOptionsOf2024b) {
  EXPECT_EQ(with_letter('u'), 59U);  // Retain UIDs
  EXPECT_EQ(with_letter('m'), 46U);  // Retain Device Identity, kept
  EXPECT_EQ(with_letter('M'), 11U);  // and cleaned
  EXPECT_EQ(with_letter('i'), 10U);  // Retain Institution Identity
  EXPECT_EQ(with_letter('p'), 9U);   // Retain Patient Characteristics, kept
  EXPECT_EQ(with_letter('P'), 4U);   // and cleaned
  EXPECT_EQ(with_letter('t'), 165U); // Retain Longitudinal Temporal Information
  EXPECT_EQ(with_letter('d'), 125U); // Clean Descriptors
  EXPECT_EQ(with_letter('s'), 3U);   // Clean Structured Content
}

TEST(ConfidentialityTable, FindsRepeatingGroupsAndPrivateAttributes) {
  ASSERT_NE(find_confidentiality_row(0x50040010), nullptr);  // a curve
  EXPECT_EQ(find_confidentiality_row(0x50040010)->basic, kX);
  ASSERT_NE(find_confidentiality_row(0x60023000), nullptr);  // an overlay's data
  ASSERT_NE(find_confidentiality_row(0x60FE4000), nullptr);
  EXPECT_EQ(find_confidentiality_row(0x60020010), nullptr);  // its rows
  ASSERT_NE(find_confidentiality_row(0x00291010), nullptr);  // private
  EXPECT_EQ(find_confidentiality_row(0x00100010)->basic, kZ);
  EXPECT_EQ(find_confidentiality_row(0x00280010), nullptr);
  EXPECT_EQ(find_confidentiality_row(0x7FE00010), nullptr);
}

}  // namespace
}  // namespace consilium::imaging
