#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/files.h"
#include "base/progress.h"
#include "base/settings.h"
#include "pipelines/ingest.h"
#include "pipelines/phantom_site.h"
#include "tests/support/program.h"

namespace consilium::pipelines {
namespace {

const fs::path kExamples = fs::path(CONSILIUM_SOURCE_DIR) / "sample_data/examples";
constexpr std::uintmax_t kMostBytes = 1500000;  // what a clone should not have to carry more of

std::string sha256(const fs::path& file) {
  const test::Outcome outcome = test::run_program({"/usr/bin/sha256sum", file.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.out.substr(0, 64);
}

TEST(SampleData, ManifestNamesEveryFileWithItsDigest) {
  const Json manifest = read_json(kExamples / "manifest.json");
  std::set<std::string> listed, there;
  std::uintmax_t bytes = 0;
  for (const Json& entry : manifest.at("files")) {
    const auto path = entry.at("path").get<std::string>();
    listed.insert(path);
    ASSERT_TRUE(fs::exists(kExamples / path)) << path;
    EXPECT_EQ(fs::file_size(kExamples / path), entry.at("bytes").get<std::uintmax_t>()) << path;
    EXPECT_EQ(sha256(kExamples / path), entry.at("sha256").get<std::string>()) << path;
    EXPECT_FALSE(entry.at("what").get<std::string>().empty());
    bytes += fs::file_size(kExamples / path);
  }
  for (const auto& entry : fs::recursive_directory_iterator(kExamples))
    if (entry.is_regular_file()) there.insert(fs::relative(entry.path(), kExamples).string());
  listed.insert("manifest.json");
  EXPECT_EQ(listed, there);
  EXPECT_LE(bytes, kMostBytes);
}

/// Every case of a site's folder, as ingest reads it.
Case read_case(const fs::path& output, const std::string& site, const std::vector<std::string>& channels) {
  return load_case(find_cases(output / site).at(0), channels, imaging::label_scheme("brats2023"));
}

/// Share of the values that differ by more than `tolerance`.
template <typename T>
double share_that_differs(const std::vector<T>& a, const std::vector<T>& b, double tolerance) {
  std::size_t differ = a.size() == b.size() ? 0 : a.size();
  for (std::size_t n = 0; n < a.size() && a.size() == b.size(); ++n)
    differ += std::abs(static_cast<double>(a[n]) - static_cast<double>(b[n])) > tolerance ? 1 : 0;
  return static_cast<double>(differ) / static_cast<double>(a.size());
}

/// Not the bytes: another version of the mathematical library may round otherwise and move a voxel across a tissue's edge, and libdeflate and
/// DCMTK put their own version's mark on the files.
TEST(SampleData, IsWhatThePhantomMakesToday) {
  set_progress_quiet(true);
  const Json made = read_json(kExamples / "phantom.json").at("request");
  const TemporaryFolder folder;
  PhantomRequest request;
  for (const Json& profile : made.at("profiles")) {
    request.profiles.push_back(folder.path() / (profile.at("name").get<std::string>() + ".json"));
    write_file(request.profiles.back(), profile.dump());
  }
  request.output = folder.path() / "out";
  request.seed = made.at("seed").get<std::uint64_t>();
  request.scale = made.at("scale").get<double>();
  request.cases = made.at("cases").get<int>();
  request.held_out_cases = made.at("held_out_cases").get<int>();
  write_phantom_sites(request);

  constexpr double kEdgeShare = 1e-3;
  const std::map<std::string, std::vector<std::string>> channels{
      {"site_a", {"T1ce"}}, {"site_b", {"T1", "T1ce", "T2", "FLAIR"}}, {"site_d", {"CT", "PET"}}};
  ASSERT_EQ(request.profiles.size(), channels.size());
  for (const auto& [site, names] : channels) {
    const Case kept = read_case(kExamples, site, names), now = read_case(request.output, site, names);
    ASSERT_TRUE(kept.labels && now.labels);
    EXPECT_LE(share_that_differs(kept.labels->labels, now.labels->labels, 0), kEdgeShare)
        << site << ": run sample_data/make_examples.py if the phantom was changed on purpose";
    for (const std::string& name : names) {
      const Volume &a = kept.images.at(name), &b = now.images.at(name);
      EXPECT_TRUE(same_grid(a.geometry, b.geometry)) << site << " " << name;
      const double tolerance = name == "PET" ? 0.01 : 1.01;  // a step of the stored numbers
      EXPECT_LE(share_that_differs(a.voxels, b.voxels, tolerance), kEdgeShare)
          << site << " " << name << ": run sample_data/make_examples.py if the phantom was changed on purpose";
    }
  }
}

}  // namespace
}  // namespace consilium::pipelines
