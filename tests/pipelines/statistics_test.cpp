#include "pipelines/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::pipelines {
namespace {

const char* const kFile = "oracles/imaging.json";

std::vector<double> differences_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  for (std::size_t n = 0; n < a.size(); ++n) differences.push_back(a[n] - b[n]);
  return differences;
}

TEST(Statistics, WilcoxonsExactTestEqualsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "wilcoxon_signed_rank_exact");
  const TestResult result = wilcoxon_signed_rank(oracle["input"]["paired_differences"].get<std::vector<double>>());
  EXPECT_NEAR(result.statistic, oracle["expected"]["W"], oracle["tolerance"]);
  EXPECT_NEAR(result.p_value, oracle["expected"]["p"], oracle["tolerance"]);
}

TEST(Statistics, HolmsCorrectionEqualsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "holm_correction");
  const std::vector<double> adjusted = holm(oracle["input"]["p"].get<std::vector<double>>());
  ASSERT_EQ(adjusted.size(), oracle["expected"]["adjusted"].size());
  for (std::size_t n = 0; n < adjusted.size(); ++n)
    EXPECT_NEAR(adjusted[n], oracle["expected"]["adjusted"][n], oracle["tolerance"]);
}

TEST(Statistics, PairedTTestEqualsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("imaging", "paired_t_test");
  const auto differences =
      differences_of(oracle["input"]["a"].get<std::vector<double>>(), oracle["input"]["b"].get<std::vector<double>>());
  const TestResult result = paired_t_test(differences);
  EXPECT_NEAR(result.statistic, oracle["expected"]["t"], oracle["tolerance"]);
  EXPECT_NEAR(result.p_value, oracle["expected"]["p"], oracle["tolerance"]);
}

/// One line per sample: W, p of Wilcoxon, t, p of Student, low and high of Student's interval.
const char* const kScipy = R"(
import json, sys, warnings
from scipy import stats
warnings.simplefilter('ignore')
for d in json.load(open(sys.argv[1])):
    ties = len(set(abs(x) for x in d)) < len(d) or 0 in d
    w = stats.wilcoxon(d, mode='approx' if ties or len(d) > 50 else 'exact')
    t = stats.ttest_1samp(d, 0)
    low, high = stats.t.interval(0.9, len(d) - 1, loc=sum(d) / len(d), scale=stats.sem(d))
    print(json.dumps([w.statistic, w.pvalue, t.statistic, t.pvalue, low, high]))
)";

TEST(Statistics, EqualScipyOnManySamplesWithAndWithoutTies) {
  Rng rng(3);
  std::vector<std::vector<double>> samples;
  for (const std::size_t n : {2U, 3U, 5U, 8U, 15U, 30U, 50U, 51U, 120U})
    for (const double digits : {1e9, 20.0}) {  // the second rounds to steps of 0.05: ties and zeros
      std::vector<double> sample;
      for (std::size_t k = 0; k < n; ++k) sample.push_back(std::round(rng.normal(0.1, 0.3) * digits) / digits);
      sample[0] = 0.35;  // never all zero
      samples.push_back(sample);
    }
  const TemporaryFolder folder;
  write_file(folder.path() / "samples.json", Json(samples).dump());
  write_file(folder.path() / "peer.py", kScipy);
  const auto peer =
      test::run_program({"/usr/bin/python3", (folder.path() / "peer.py").string(), (folder.path() / "samples.json").string()});
  ASSERT_EQ(peer.code, 0) << "./dev test installs python3-scipy: " << peer.err;
  std::istringstream lines(peer.out);
  for (const auto& sample : samples) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    SCOPED_TRACE(Json(sample).dump());
    const auto expected = parse_json(line, "scipy").get<std::vector<double>>();
    const TestResult wilcoxon = wilcoxon_signed_rank(sample), student = paired_t_test(sample);
    const Interval interval = student_mean_interval(sample, 0.9);
    EXPECT_NEAR(wilcoxon.statistic, expected[0], 1e-9);
    EXPECT_NEAR(wilcoxon.p_value, expected[1], 1e-9);
    EXPECT_NEAR(student.statistic, expected[2], 1e-9);
    EXPECT_NEAR(student.p_value, expected[3], 1e-9);
    EXPECT_NEAR(interval.low, expected[4], 1e-9);
    EXPECT_NEAR(interval.high, expected[5], 1e-9);
  }
}

TEST(Statistics, NoDifferenceIsNoEvidence) {
  EXPECT_EQ(wilcoxon_signed_rank(std::vector<double>{0, 0, 0}).p_value, 1);
  EXPECT_EQ(wilcoxon_signed_rank({}).p_value, 1);
  EXPECT_EQ(paired_t_test(std::vector<double>{0, 0}).p_value, 1);
}

TEST(Statistics, HolmKeepsTheOrderOfItsInputAndNeverExceedsOne) {
  const std::vector<double> adjusted = holm(std::vector<double>{0.9, 0.001, 0.5});
  EXPECT_DOUBLE_EQ(adjusted[1], 0.003);
  EXPECT_DOUBLE_EQ(adjusted[0], 1);
  EXPECT_DOUBLE_EQ(adjusted[2], 1);
  EXPECT_TRUE(holm({}).empty());
}

TEST(Statistics, BootstrapIntervalComesCloseToTheNormalOneAndIsReproducible) {
  Rng rng(11);
  std::vector<double> values;
  for (int n = 0; n < 400; ++n) values.push_back(rng.normal(2, 1));
  const Interval bootstrap = bootstrap_mean_interval(values, Rng(5)), student = student_mean_interval(values);
  // 1.96 / sqrt(400) = 0.098 wide on each side; 10 000 draws leave an error of about 0.002 at each end.
  EXPECT_NEAR(bootstrap.low, student.low, 0.008);
  EXPECT_NEAR(bootstrap.high, student.high, 0.008);
  const Interval again = bootstrap_mean_interval(values, Rng(5));
  EXPECT_EQ(again.low, bootstrap.low);
  EXPECT_EQ(again.high, bootstrap.high);
}

TEST(Statistics, RefuseSamplesThatCannotAnswer) {
  const double nan = std::nan("");
  EXPECT_NE(test::refusal(ErrorCode::kUsage, [] { paired_t_test(std::vector<double>{1}); }).find("two pairs"), std::string::npos);
  EXPECT_NE(test::refusal(ErrorCode::kUsage,
                          [&] {
                            wilcoxon_signed_rank(std::vector<double>{1, nan});
                          })
                .find("finite"),
            std::string::npos);
  test::refusal(ErrorCode::kUsage, [&] { holm(std::vector<double>{nan}); });
  test::refusal(ErrorCode::kUsage, [] { bootstrap_mean_interval({}, Rng(1)); });
  test::refusal(ErrorCode::kUsage, [] { student_mean_interval(std::vector<double>{1, 2}, 1.0); });
}

}  // namespace
}  // namespace consilium::pipelines
