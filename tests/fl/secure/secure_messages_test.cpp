#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/rng.h"
#include "fl/secure/secure_messages.h"

namespace consilium::fl {
namespace {

Advertisement some_advertisement() { return {"east", "certificate", std::string(32, 'c'), std::string(32, 'm'), std::string(32, 's'), {"east", "north", "west"}, "signature"}; }

TEST(SecureMessages, SayWhatWasSaid) {
  EXPECT_EQ(parse_advertisement(encode(some_advertisement())), some_advertisement());
  const std::vector<Advertisement> both{some_advertisement(), some_advertisement()};
  EXPECT_EQ(parse_advertisements(encode(both)), both);
  const std::vector<Numbered> list{{1, "one"}, {5, ""}, {300, std::string(300, 'x')}};
  EXPECT_EQ(parse_numbered(encode(list), 301, 300), list);
  const SiteSet set{true, false, true, true, false, false, false, true, true};
  EXPECT_EQ(parse_site_set(encode(set), 9), set);
  const MaskStage stage = parse_mask_stage(encode(MaskStage{set, {{2, "a"}, {3, "b"}}}), 9);
  EXPECT_EQ(stage.sharers, set);
  EXPECT_EQ(stage.sealed.size(), 2U);
  const std::vector<NumberedShare> shares{{0, Secret32(std::string(32, 'a'))}, {8, Secret32(std::string(32, 'b'))}};
  EXPECT_EQ(parse_shares(encode(shares), 9), shares);
}

TEST(SecureMessages, RefuseWhatIsOutOfOrderOrBounds) {
  const std::vector<std::function<void()>> bad{[] { parse_numbered(encode(std::vector<Numbered>{{2, "a"}, {2, "b"}}), 9, 10); },   // one site twice
                                               [] { parse_numbered(encode(std::vector<Numbered>{{9, "a"}}), 9, 10); },             // a site that there is not
                                               [] { parse_numbered(encode(std::vector<Numbered>{{1, "too long"}}), 9, 3); },
                                               [] { parse_shares(encode(std::vector<NumberedShare>{{3, {}}, {1, {}}}), 9); },
                                               [] { parse_site_set(std::string("\xff\xff"), 9); },                                  // bits beyond the last site
                                               [] { parse_site_set("a", 9); },
                                               [] { parse_advertisement(encode(some_advertisement()) + "x"); },
                                               [] { parse_advertisement(""); },
                                               [] { parse_advertisements(std::string("\xff\xff\xff\xff\x0f")); }};                  // four billion of them
  for (const auto& parse : bad) EXPECT_THROW(parse(), Error);
}

/// Whatever bytes come: what is said, or "damaged"; never more memory than they are long.
TEST(SecureMessages, DamagedBytesAreReadOrRefused) {
  const std::string sound[] = {encode(some_advertisement()), encode(std::vector<Advertisement>{some_advertisement()}), encode(std::vector<Numbered>{{1, "one"}, {5, "five"}}), encode(SiteSet(9, true)),
                               encode(MaskStage{SiteSet(9, true), {{2, "a"}}}), encode(std::vector<NumberedShare>{{0, {}}, {8, {}}})};
  const std::function<void(const std::string&)> parse[] = {[](const std::string& b) { parse_advertisement(b); }, [](const std::string& b) { parse_advertisements(b); }, [](const std::string& b) { parse_numbered(b, 9, 100); },
                                                           [](const std::string& b) { parse_site_set(b, 9); },  [](const std::string& b) { parse_mask_stage(b, 9); },     [](const std::string& b) { parse_shares(b, 9); }};
  Rng rng(5);
  int refused = 0;
  for (int n = 0; n < 20000; ++n) {
    std::string bytes = sound[rng.below(6)];
    for (std::uint64_t changes = 1 + rng.below(3); changes > 0 && !bytes.empty(); --changes) {
      const std::size_t at = rng.below(bytes.size());
      if (rng.below(4) == 0) bytes.resize(at);
      else bytes[at] = static_cast<char>(rng.below(256));
    }
    for (const auto& read : parse) try {
        read(bytes);
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
        ++refused;
      }
  }
  EXPECT_GT(refused, 50000);
}

}  // namespace
}  // namespace consilium::fl
