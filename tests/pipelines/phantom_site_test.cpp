#include "pipelines/phantom_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "imaging/nifti/nifti.h"
#include "pipelines/ingest.h"
#include "pipelines/phantom_manifest.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using imaging::Delivery;
using testing::HasSubstr;

const fs::path kSampleData = fs::path(CONSILIUM_SOURCE_DIR) / "sample_data";
/// Coarse, so that a head takes a tenth of a second.
constexpr double kScale = 2.5;

PhantomRequest request(const std::string& profile, const fs::path& output) {
  PhantomRequest r;
  r.profiles = {kSampleData / profile};
  r.output = output;
  r.cases = 1;
  r.held_out_cases = 0;
  r.scale = kScale;
  return r;
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  return all;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

class PhantomSite : public testing::Test {
 protected:
  void SetUp() override { set_progress_quiet(true); }
  void TearDown() override { set_thread_limit(0); }
  const TemporaryFolder folder_;
};

TEST_F(PhantomSite, BratsNamesAreThoseOf2023) {
  PhantomRequest r = request("profiles/site_b.json", folder_.path());
  r.held_out_cases = 1;
  write_phantom_sites(r);
  EXPECT_EQ(names_in(folder_.path() / "site_b/train"), (std::set<std::string>{"site_b-0001"}));
  EXPECT_EQ(names_in(folder_.path() / "site_b/test/site_b-0002"),
            (std::set<std::string>{"site_b-0002-t1n.nii.gz", "site_b-0002-t1c.nii.gz", "site_b-0002-t2w.nii.gz",
                                   "site_b-0002-t2f.nii.gz", "site_b-0002-seg.nii.gz"}));
}

TEST_F(PhantomSite, HospitalsThatOwnOneScannerTestOnPatientsWhoHadAll) {
  PhantomRequest r = request("multimodal/profiles/site_mr.json", folder_.path());
  r.profiles = {kSampleData / "multimodal/profiles/site_mr.json", kSampleData / "multimodal/profiles/site_ct.json", kSampleData / "multimodal/profiles/site_petct.json", kSampleData / "multimodal/profiles/site_all.json"};
  r.held_out_cases = 1;
  r.scale = 1;
  write_phantom_sites(r);
  const std::map<std::string, std::set<std::string>> owned{{"site_ct", {"CT"}}, {"site_mr", {"FLAIR", "T1"}}, {"site_petct", {"CT", "PET"}}, {"site_all", {"CT", "FLAIR", "PET", "T1"}}};
  for (const auto& [site, channels] : owned)
    for (const CasePaths& paths : find_cases(folder_.path() / site)) {
      std::set<std::string> has;
      for (const auto& [channel, file] : paths.channels) has.insert(channel);
      EXPECT_EQ(has, paths.split == "test" ? owned.at("site_all") : channels) << paths.name;
      const Volume first = imaging::read_nifti(paths.channels.begin()->second);
      EXPECT_EQ(first.geometry.size, (Size3{34, 42, 32})) << "small enough for a federation that trains in minutes";
    }
}

TEST_F(PhantomSite, BidsNamesAreThoseOfTheStandard) {
  write_phantom_sites(request("profiles/site_c.json", folder_.path()));
  EXPECT_EQ(names_in(folder_.path() / "site_c/train/sub-sitec0001/anat"),
            (std::set<std::string>{"sub-sitec0001_T1w.nii.gz", "sub-sitec0001_ce-gadolinium_T1w.nii.gz",
                                   "sub-sitec0001_T2w.nii.gz", "sub-sitec0001_FLAIR.nii.gz", "sub-sitec0001_dseg.nii.gz"}));
}

TEST_F(PhantomSite, DicomIsASeriesAFolderWithTheTruthBesideIt) {
  write_phantom_sites(request("profiles/site_a.json", folder_.path()));
  const fs::path patient = folder_.path() / "site_a/train/site_a-0001";
  EXPECT_EQ(names_in(patient), (std::set<std::string>{"dicom", "site_a-0001-seg.nii.gz"}));
  EXPECT_EQ(names_in(patient / "dicom"), (std::set<std::string>{"1_T1", "2_T1ce", "3_T2", "4_FLAIR"}));
  const LabelMap truth = imaging::read_nifti_labels(patient / "site_a-0001-seg.nii.gz");
  EXPECT_EQ(names_in(patient / "dicom/2_T1ce").size(), truth.geometry.size[2]);
  EXPECT_TRUE(names_in(patient / "dicom/2_T1ce").contains("0001.dcm"));
}

/// What ingest finds in DICOM is what NIfTI delivery holds, on the same grids, whoever made the scanner.
TEST_F(PhantomSite, DicomAndNiftiHoldTheSameImages) {
  for (const std::string name : {"site_a", "site_b", "site_c"}) {
    PhantomRequest r = request("profiles/" + name + ".json", folder_.path() / "dicom");
    r.delivery = Delivery::kDicom;
    write_phantom_sites(r);
    r.output = folder_.path() / "nifti";
    r.delivery = Delivery::kNiftiBrats;
    write_phantom_sites(r);
    const std::vector<std::string> channels{"T1", "T1ce", "T2", "FLAIR"};
    const imaging::LabelScheme scheme = imaging::label_scheme("brats2023");
    const Case dicom = load_case(find_cases(folder_.path() / "dicom" / name).at(0), channels, scheme);
    const Case nifti = load_case(find_cases(folder_.path() / "nifti" / name).at(0), channels, scheme);
    ASSERT_TRUE(dicom.labels && nifti.labels);
    EXPECT_EQ(dicom.labels->labels, nifti.labels->labels);
    EXPECT_TRUE(same_grid(dicom.labels->geometry, dicom.images.at("T1ce").geometry));
    for (const std::string& channel : channels) {
      const Volume &a = dicom.images.at(channel), &b = nifti.images.at(channel);
      ASSERT_TRUE(same_grid(a.geometry, b.geometry)) << name << " " << channel;
      // Rounded to whole numbers; a range below 256 is brought to 12 bits first (write_dicom_series).
      const double top = *std::max_element(b.voxels.begin(), b.voxels.end()), step = top < 256 ? top / 4095 : 1;
      double largest = 0;
      for (std::size_t n = 0; n < a.voxels.size(); ++n)
        largest = std::max(largest, std::abs(static_cast<double>(a.voxels[n]) - b.voxels[n] / step));
      EXPECT_LE(largest, 0.501) << name << " " << channel;
    }
  }
}

TEST_F(PhantomSite, SameSeedSameBytesWhateverTheThreads) {
  PhantomRequest r = request("profiles/site_a.json", folder_.path() / "one");
  r.profiles.push_back(kSampleData / "profiles/site_c.json");
  set_thread_limit(1);
  write_phantom_sites(r);
  r.output = folder_.path() / "many";
  std::reverse(r.profiles.begin(), r.profiles.end());  // nor does the order of the sites matter
  set_thread_limit(3);
  write_phantom_sites(r);
  const auto one = contents(folder_.path() / "one");
  EXPECT_GT(one.size(), 90U);
  EXPECT_TRUE(one == contents(folder_.path() / "many"));
  r.output = folder_.path() / "other";
  r.seed = 2;
  write_phantom_sites(r);
  const auto other = contents(folder_.path() / "other");
  for (const auto& [name, bytes] : one) EXPECT_TRUE(!other.contains(name) || other.at(name) != bytes) << name;
}

TEST_F(PhantomSite, WishesThatCannotBeMetAreRefusedBeforeTheWork) {
  PhantomRequest r = request("profiles/site_a.json", folder_.path());
  r.profiles.push_back(r.profiles[0]);
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { write_phantom_sites(r); }),
              HasSubstr("another profile has the name \"site_a\""));
  r = request("profiles/site_a.json", folder_.path());
  r.cases = 0;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { write_phantom_sites(r); }), HasSubstr("no case to make"));
  r.scale = 0;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { write_phantom_sites(r); }), HasSubstr("scale"));
  r.profiles.clear();
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { write_phantom_sites(r); }), HasSubstr("no site profile"));
  write_file(folder_.path() / "file", "in the way");
  r = request("profiles/site_a.json", folder_.path() / "file");
  EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { write_phantom_sites(r); }), HasSubstr("cannot make folder"));
  EXPECT_EQ(names_in(folder_.path()), (std::set<std::string>{"file"}));
}

TEST_F(PhantomSite, ManifestIsReusedOrRefusedOrReplaced) {
  PhantomRequest r = request("profiles/site_b.json", folder_.path());
  const Json first = make_phantom_sites(r);
  const fs::path image = folder_.path() / "site_b/train/site_b-0001/site_b-0001-t1c.nii.gz";
  const std::string bytes = read_file(image);
  write_file(image, "touched");
  EXPECT_EQ(make_phantom_sites(r), first);
  EXPECT_EQ(read_file(image), "touched");  // found, not made again

  r.seed = 2;
  EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { make_phantom_sites(r); }), HasSubstr("--overwrite"));
  EXPECT_EQ(read_file(image), "touched");
  EXPECT_NE(make_phantom_sites(r, Earlier::kReplace), first);
  EXPECT_NE(read_file(image), bytes);
  r.seed = 1;
  EXPECT_EQ(make_phantom_sites(r, Earlier::kReplace), first);
  EXPECT_EQ(read_file(image), bytes);

  fs::remove_all(folder_.path() / "site_b/train");  // someone tidied up: made again
  EXPECT_EQ(make_phantom_sites(r), first);
  EXPECT_EQ(read_file(image), bytes);
}

TEST_F(PhantomSite, ManifestOfSomeoneElseRemovesNothing) {
  const PhantomRequest r = request("profiles/site_b.json", folder_.path() / "out");
  write_file(folder_.path() / "precious/train/x/file", "keep");
  for (const Json& manifest :
       {Json::array(), Json{{"sites", 3}}, Json{{"schema", "consilium.phantom/1"}, {"sites", {{{"name", "site_b"}}}}},
        Json{{"schema", "consilium.phantom/1"},
             {"sites", {{{"name", "../precious"}, {"cases", {{{"case", "x"}, {"split", "train"}}}}}}}},
        Json{{"schema", "consilium.phantom/1"}, {"sites", {{{"name", ""}, {"cases", {{{"case", ".."}, {"split", "."}}}}}}}}}) {
    write_file(folder_.path() / "out/phantom.json", manifest.dump());
    EXPECT_THAT(test::refusal(ErrorCode::kCannotWrite, [&] { make_phantom_sites(r, Earlier::kReplace); }),
                HasSubstr("not a manifest"));
  }
  EXPECT_EQ(read_file(folder_.path() / "precious/train/x/file"), "keep");
  EXPECT_EQ(names_in(folder_.path() / "out"), (std::set<std::string>{"phantom.json"}));
}

}  // namespace
}  // namespace consilium::pipelines
