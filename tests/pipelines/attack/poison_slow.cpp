#include <gtest/gtest.h>

#include <iostream>

#include "base/files.h"
#include "pipelines/attack/poison.h"
#include "pipelines/phantom_site.h"

// The poisoning gate on generated hospitals: `ctest -L slow`. Figures: docs/results.md.
namespace consilium::pipelines {
namespace {

/// Ten hospitals after the demo's three profiles, three of them (30 %) hostile; heads coarse enough for minutes.
class PoisonSlow : public testing::Test {
 protected:
  PoisonSlow() : json(read_json(fs::path(CONSILIUM_SOURCE_DIR) / "sample_data/attack.json")) {
    PhantomRequest request{.profiles = {}, .output = folder.path() / "data", .seed = 1, .cases = 4, .held_out_cases = 2, .scale = 1.5, .delivery = imaging::Delivery::kNiftiBrats};
    const std::string profiles = "acbacacbac";
    for (std::size_t n = 0; n < profiles.size(); ++n) {
      Json profile = read_json(fs::path(CONSILIUM_SOURCE_DIR) / "sample_data/profiles" / (std::string("site_") + profiles[n] + ".json"));
      profile["name"] = json["simulation"]["sites"][n]["name"];
      request.profiles.push_back(folder.path() / "profiles" / (std::to_string(n) + ".json"));
      write_file(request.profiles.back(), profile.dump());
    }
    write_phantom_sites(request);
  }

  TemporaryFolder folder;
  Json json;
};

TEST_F(PoisonSlow, TheRecommendedRuleLosesLittleToEveryKindAndThePlainMeanMuchToTheStrongOnes) {
  const PoisonResults results = attack_by_poisoning(parse_poison_settings(json, "attack.json", {}), folder.path() / "data", folder.path() / "out");
  std::cout << to_text(results);  // for docs/results.md
  EXPECT_GT(results.run("none", "fedavg").dice, 0.5);
  for (const std::string& attack : results.attacks) EXPECT_LE(results.drop(attack, "multi_krum"), 0.03) << attack;
  for (const char* attack : {"sign_flip", "scaling", "sybil", "gaussian"}) EXPECT_GT(results.drop(attack, "fedavg"), 0.2) << attack;
}

}  // namespace
}  // namespace consilium::pipelines
