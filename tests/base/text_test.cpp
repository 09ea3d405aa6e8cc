#include "base/text.h"

#include <gtest/gtest.h>

namespace consilium {
namespace {

TEST(Printable, LeavesSoundTextAlone) {
  const std::string sound = "Süd \u2265 3 \U0001F9E0";
  EXPECT_EQ(printable(sound), sound);
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(printable("a\xFFz"), "a?z");
  EXPECT_EQ(printable("\xC3"), "?") << "cut in the middle";
  EXPECT_EQ(printable("\xC0\xAF"), "??") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "???") << "half of a surrogate pair";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "????") << "beyond Unicode";
  EXPECT_EQ(printable("one\ntwo\x1B[31m\x7F"), "one?two?[31m?");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a?b");
}

TEST(Printable, EndsAtAWholeCharacter) {
  EXPECT_EQ(printable("abc", 2), "ab");
  EXPECT_EQ(printable("a\u2265", 3), "a");
  EXPECT_EQ(printable("a\u2265", 4), "a\u2265");
}

}  // namespace
}  // namespace consilium
