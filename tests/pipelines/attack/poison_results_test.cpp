#include "pipelines/attack/poison_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

PoisonResults results() {
  PoisonResults r{.title = "t", .sites = {"a", "b", "<c>"}, .attackers = {"<c>"}, .attacks = {"sign_flip"}, .rules = {"fedavg", "krum"}, .runs = {}, .settings = {{"k", 1}}};
  r.runs = {{.attack = "none", .rule = "fedavg", .dice = 0.8}, {.attack = "none", .rule = "krum", .dice = 0.79}, {.attack = "sign_flip", .rule = "fedavg", .dice = 0.1}, {.attack = "sign_flip", .rule = "krum", .dice = 0.785}};
  r.runs[3].honest_excluded = 0.5;
  r.runs[3].attackers_excluded = 1;
  return r;
}

TEST(PoisonResults, ADropIsAgainstTheSameRuleWithoutAttack) {
  EXPECT_DOUBLE_EQ(results().drop("sign_flip", "krum"), 0.79 - 0.785);
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [] { results().run("alie", "krum"); }), HasSubstr("alie"));
}

TEST(PoisonResults, AFinishedRunIsReadBackAsItWas) {
  PoisonRun run = results().runs[3];
  run.dice_at_site = {{"a", 0.7}};
  const PoisonRun back = parse_poison_run(to_json(run), "result.json");
  EXPECT_EQ(to_json(back), to_json(run));
  EXPECT_FALSE(back.trigger_success);
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { parse_poison_run({{"attack", "x"}}, "result.json"); }), HasSubstr("result.json"));
}

TEST(PoisonResults, TextAndPageSayWhatWasLostAndEscapeNames) {
  EXPECT_THAT(to_text(results()), AllOf(HasSubstr("0.100 (0.700)"), HasSubstr("no say for 50 % of the honest and 100 % of the attackers' updates")));
  const std::string page = poison_page(results());
  EXPECT_THAT(page, AllOf(HasSubstr("A rule holds against every attack"), HasSubstr("&lt;c&gt;"), Not(HasSubstr("<c>")), Not(HasSubstr("<script")), Not(HasSubstr("http"))));
  PoisonResults broken = results();
  broken.runs[3].dice = 0.5;
  EXPECT_THAT(poison_page(broken), HasSubstr("No rule that was tried holds"));
}

}  // namespace
}  // namespace consilium::pipelines
