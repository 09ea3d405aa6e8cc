#include "pipelines/peers_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

Json valid() {
  return {{"initial_model", "start/initial.safetensors"}, {"listen", "0.0.0.0:7443"}, {"sites", {{{"name", "east"}, {"address", "east:7443"}}, {{"name", "west"}, {"address", "west:7443"}}}}};
}
std::string refused(const std::string& key, const Json& value) {
  Json json = valid();
  json[key] = value;
  return refusal(ErrorCode::kUsage, [&] { parse_peers_settings(json, "east.json.peers", "/etc/consilium"); });
}

TEST(PeersSettings, RelativePathsAreTakenFromTheFile) {
  const PeersSettings settings = parse_peers_settings(valid(), "east.json.peers", "/etc/consilium");
  EXPECT_EQ(settings.initial_model, "/etc/consilium/start/initial.safetensors");
  EXPECT_EQ(settings.addresses.at("west"), "west:7443");
  EXPECT_EQ(parse_peers_settings(to_json(settings), "again", "/"), settings);
}

TEST(PeersSettings, WrongOnesAreRefusedByName) {
  EXPECT_THAT(refused("topology", "coordinator"), HasSubstr("east.json.peers.topology"));
  EXPECT_THAT(refused("sites", {{{"name", "east"}}}), HasSubstr("peers.peers"));
  EXPECT_THAT(refused("sites", {{{"name", "east"}, {"address", "east:7443"}}, {{"name", "west"}}}), HasSubstr("relay: is missing"));
  EXPECT_THAT(refused("sites", {{{"name", "east"}, {"adress", "east:7443"}}}), HasSubstr("did you mean \"address\""));
  EXPECT_THAT(refused("relay", "relay"), HasSubstr("host:port"));
  EXPECT_THAT(refused("listen", "here"), HasSubstr("host:port"));
  EXPECT_THAT(refused("quorum", 1), HasSubstr("quorum"));
  EXPECT_THAT(refused("gather_seconds", -1), HasSubstr("gather_seconds"));
  EXPECT_THAT(refused("initial_model", ""), HasSubstr("initial_model"));
}

}  // namespace
}  // namespace consilium::pipelines
