#include "imaging/dicom/structure.h"

#include <gtest/gtest.h>

#include <string>

namespace consilium::imaging {
namespace {

std::string explicit_element(const char* vr, const std::string& value, std::uint32_t claimed) {
  std::string bytes("\x08\x00\x40\x11", 4);
  bytes += vr;
  bytes.append("\0\0", 2);
  for (int n = 0; n < 4; ++n) bytes += static_cast<char>(claimed >> (8 * n) & 0xFF);
  return bytes + value;
}

std::string item(const std::string& value) { return std::string("\xfe\xff\x00\xe0\xff\xff\xff\xff", 8) + value + std::string("\xfe\xff\x0d\xe0\0\0\0\0", 8); }
std::string sequence(const std::string& items) { return explicit_element("SQ", items, 0xFFFFFFFF) + std::string("\xfe\xff\xdd\xe0\0\0\0\0", 8); }

DicomStructure of(const std::string& bytes, DicomEncoding encoding = {}) { return survey(bytes, bytes.size(), encoding); }

TEST(Structure, CountsDepthAndNotItems) {
  std::string many;
  for (int n = 0; n < 2000; ++n) many += item("");
  EXPECT_EQ(of(sequence(many)).nesting, 2U);
  EXPECT_EQ(of(sequence(item(sequence(item(""))))).nesting, 4U);
}

TEST(Structure, WhereItIsLostEveryItemCounts) {
  EXPECT_GE(of("not an element" + sequence(item(sequence(item(""))))).nesting, 2U);
}

TEST(Structure, UnknownValuesThatAParserMayOpenCount) {
  const std::string hidden = item(item(item("")));
  EXPECT_GE(of(explicit_element("UN", "01234567" + hidden, static_cast<std::uint32_t>(hidden.size() + 8))).nesting, 3U);
  EXPECT_EQ(of(explicit_element("OB", "01234567" + hidden, static_cast<std::uint32_t>(hidden.size() + 8))).nesting, 0U);
}

TEST(Structure, AnElementThatClaimsTooMuchOverruns) {
  EXPECT_TRUE(of(explicit_element("OB", "1234", 0x10000000)).overruns);
  EXPECT_FALSE(of(explicit_element("OB", "1234", 4)).overruns);
  // The beginning of a longer file.
  EXPECT_FALSE(survey(explicit_element("OB", "1234", 400), 1000, {}).overruns);
}

}  // namespace
}  // namespace consilium::imaging
