#include "pipelines/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

TEST(RelaySettings, WrongOnesAreRefusedByName) {
  const Json sound{{"keys", "keys"}, {"folder", "relay"}, {"sites", {"east", "west"}}};
  EXPECT_EQ(parse_relay_settings(sound, "relay.json", "/etc").keys, "/etc/keys");
  for (const auto& [key, value] : {std::pair<const char*, Json>{"quota_gb", 0}, {"keep_seconds", 0}, {"listen", "x"}, {"sites", Json::array()}, {"name", "a/b"}, {"schema", "consilium.relay/2"}}) {
    Json json = sound;
    json[key] = value;
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_relay_settings(json, "relay.json", "/etc"); }), HasSubstr("relay.json")) << key;
  }
}

}  // namespace
}  // namespace consilium::pipelines
