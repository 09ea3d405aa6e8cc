// What the phantom's scanners deliver, as programs that nobody here wrote understand it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/progress.h"
#include "imaging/phantom/site_profile.h"
#include "pipelines/phantom_site.h"
#include "tests/support/program.h"

namespace consilium::pipelines {
namespace {

const fs::path kSource = CONSILIUM_SOURCE_DIR;

struct Delivered {
  imaging::SiteProfile site;
  imaging::ProtocolItem item;
  fs::path folder;  ///< of DICOM slices
  fs::path nifti;   ///< the same image, as float
  Json seen;        ///< by pydicom and dcm2niix
};

std::string nifti_ending(const std::string& series) {
  if (series == "T1") return "t1n";
  if (series == "T1ce") return "t1c";
  if (series == "T2") return "t2w";
  return series == "FLAIR" ? "t2f" : series == "CT" ? "ct" : "pet";
}

/// A patient of each site of sample_data (Siemens, GE, Philips; MR, CT, PET), made once, as DICOM and as NIfTI.
class PhantomDicom : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_progress_quiet(true);
    folder_ = std::make_unique<TemporaryFolder>();
    PhantomRequest request;
    for (const char* name : {"profiles/site_a", "profiles/site_b", "profiles/site_c", "extra_profiles/site_d_pet_ct"})
      request.profiles.push_back(kSource / "sample_data" / (std::string(name) + ".json"));
    request.cases = 1;
    request.held_out_cases = 0;
    request.scale = 2.5;
    for (const auto delivery : {imaging::Delivery::kDicom, imaging::Delivery::kNiftiBrats}) {
      request.delivery = delivery;
      request.output = folder_->path() / std::string(to_string(delivery));
      write_phantom_sites(request);
    }
    std::vector<std::string> words{"/usr/bin/python3", (kSource / "tests/conformance/read_back_dicom.py").string()};
    for (const fs::path& profile : request.profiles) {
      const imaging::SiteProfile site = imaging::read_site_profile(profile);
      const std::string patient = site.name + "-0001";
      for (std::size_t n = 0; n < site.protocol.size(); ++n) {
        const imaging::ProtocolItem& item = site.protocol[n];
        const fs::path place = fs::path(site.name) / "train" / patient;
        series_.push_back({site,
                           item,
                           folder_->path() / "dicom" / place / "dicom" / (std::to_string(n + 1) + "_" + item.name),
                           folder_->path() / "nifti_brats" / place / (patient + "-" + nifti_ending(item.name) + ".nii.gz"),
                           {}});
        words.push_back(series_.back().folder.string());
        words.push_back(series_.back().nifti.string());
      }
    }
    const test::Outcome outcome = test::run_program(words);
    ASSERT_EQ(outcome.code, 0) << outcome.err << "\n./dev test installs python3-pydicom, python3-nibabel and dcm2niix";
    const Json seen = parse_json(outcome.out, "read_back_dicom.py");
    for (std::size_t n = 0; n < series_.size(); ++n) series_[n].seen = seen.at(n);
  }
  static void TearDownTestSuite() {
    series_.clear();
    folder_.reset();
  }
  static std::string title(const Delivered& d) { return d.site.name + " " + d.item.name; }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::vector<Delivered> series_;
};

TEST_F(PhantomDicom, Dcm2niixGivesBackOurVoxelsWhereWePutThem) {
  ASSERT_EQ(series_.size(), 16U);
  for (const Delivered& d : series_) {
    SCOPED_TRACE(title(d));
    const Json& theirs = d.seen["dcm2niix"];
    ASSERT_EQ(theirs["files"], 1);
    ASSERT_TRUE(theirs["same_shape"].get<bool>());
    EXPECT_LT(theirs["affine_difference"].get<double>(), 1e-3);  // mm; dcm2niix computes in float32
    const bool is_pet = d.item.name == "PET";
    const double step = is_pet ? theirs["largest"].get<double>() / 32767 : 1;
    EXPECT_LE(theirs["voxel_difference"].get<double>(), 0.51 * step);
    EXPECT_GT(theirs["voxel_difference"].get<double>(), is_pet ? 0 : 0.3);  // rounded, so the two are not one file read twice
  }
}

TEST_F(PhantomDicom, PydicomReadsWhatTheProfileSays) {
  for (const Delivered& d : series_) {
    SCOPED_TRACE(title(d));
    const Json &seen = d.seen["pydicom"], &tags = seen["attributes"];
    EXPECT_TRUE(seen["constant"].get<bool>());
    EXPECT_TRUE(seen["numbered"].get<bool>());
    EXPECT_EQ(seen["instances"], seen["slices"]);
    EXPECT_EQ(tags["Manufacturer"], d.site.vendor);
    EXPECT_EQ(tags["ManufacturerModelName"], d.site.model);
    EXPECT_EQ(tags["SeriesDescription"], d.item.description);
    EXPECT_EQ(tags["PatientName"], "PHANTOM^0001");
    EXPECT_EQ(tags["PatientIdentityRemoved"], "YES");
    EXPECT_EQ(tags["QualityControlSubject"], "YES");
    EXPECT_EQ(tags.contains("ContrastBolusAgent"), d.item.dose > 0);
    const auto number = [&](const char* key) { return std::stod(tags.at(key).get<std::string>()); };
    const Vec3 spacing = d.site.spacing_mm;
    EXPECT_NEAR(std::stod(tags["PixelSpacing"][0].get<std::string>()), 2.5 * spacing[1], 1e-9);  // from row to row first
    EXPECT_NEAR(std::stod(tags["PixelSpacing"][1].get<std::string>()), 2.5 * spacing[0], 1e-9);
    EXPECT_NEAR(number("SliceThickness"), 2.5 * spacing[2], 1e-9);
    if (d.item.modality == imaging::PhantomModality::kMr) {
      EXPECT_EQ(tags["Modality"], "MR");
      EXPECT_EQ(number("MagneticFieldStrength"), d.site.field_tesla);
      EXPECT_EQ(number("RepetitionTime"), d.item.sequence.tr_ms);
      EXPECT_EQ(number("EchoTime"), d.item.sequence.te_ms);
      EXPECT_EQ(tags.contains("InversionTime"), d.item.name == "FLAIR");
      if (d.item.sequence.kind == imaging::MrKind::kSpoiledGradientEcho) {
        EXPECT_EQ(number("FlipAngle"), d.item.sequence.flip_degrees);
      }
      EXPECT_FALSE(tags.contains("RescaleSlope"));
    } else if (d.item.name == "CT") {
      EXPECT_EQ(tags["Modality"], "CT");
      EXPECT_EQ(number("RescaleIntercept"), -1024);
      EXPECT_EQ(number("RescaleSlope"), 1);
    } else {
      EXPECT_EQ(tags["Modality"], "PT");
      EXPECT_EQ(tags["Units"], "GML");
      EXPECT_EQ(tags["DecayCorrection"], "START");
      EXPECT_EQ(number("RescaleIntercept"), 0);
    }
  }
}

TEST_F(PhantomDicom, ArchivesNumberTheirSlicesEachInTheirOwnOrder) {
  std::map<std::string, bool> ascending;
  for (const Delivered& d : series_) ascending[d.site.name] = d.seen["pydicom"]["ascending"].get<bool>();
  EXPECT_FALSE(ascending.at("site_a"));
  EXPECT_TRUE(ascending.at("site_b"));
  EXPECT_TRUE(ascending.at("site_c"));
}

TEST_F(PhantomDicom, SeriesOfAStudyShareItAndAreNotMixedUp) {
  std::map<std::string, std::set<std::string>> studies, series;
  for (const Delivered& d : series_) {
    const Json& tags = d.seen["pydicom"]["attributes"];
    studies[d.site.name].insert(tags["StudyInstanceUID"].get<std::string>() + tags["FrameOfReferenceUID"].get<std::string>());
    series[d.site.name].insert(tags["SeriesInstanceUID"].get<std::string>());
  }
  for (const auto& [site, uids] : studies) EXPECT_EQ(uids.size(), 1U);
  for (const auto& [site, uids] : series) EXPECT_EQ(uids.size(), 4U);
}

/// Lines of a checker that say "Error".
std::vector<std::string> errors_in(const test::Outcome& outcome) {
  std::vector<std::string> errors;
  std::istringstream lines(outcome.out + outcome.err);
  for (std::string line; std::getline(lines, line);)
    if (line.find("Error") != std::string::npos) errors.push_back(line);
  return errors;
}

TEST_F(PhantomDicom, DciodvfyFindsNoErrorInAnyImage) {
  const std::string dciodvfy = "/usr/bin/dciodvfy";
  ASSERT_TRUE(fs::exists(dciodvfy)) << "./dev test installs dicom3tools";
  for (const Delivered& d : series_) {
    for (const char* name : {"0001.dcm", "0009.dcm"}) {
      const test::Outcome outcome = test::run_program({dciodvfy, (d.folder / name).string()});
      EXPECT_THAT(errors_in(outcome), testing::IsEmpty()) << title(d);
      const char* iod = d.item.name == "CT" ? "CTImage" : d.item.name == "PET" ? "PETImage" : "MRImage";
      EXPECT_THAT(outcome.out + outcome.err, testing::HasSubstr(iod)) << "it did check the image";
    }
  }
}

TEST_F(PhantomDicom, DcentvfyFindsEachStudyConsistent) {
  const std::string dcentvfy = "/usr/bin/dcentvfy";
  ASSERT_TRUE(fs::exists(dcentvfy)) << "./dev test installs dicom3tools";
  for (const char* site : {"site_a", "site_d"}) {
    std::vector<std::string> words{dcentvfy};
    for (const Delivered& d : series_)
      if (d.site.name == site)
        for (const auto& file : fs::directory_iterator(d.folder)) words.push_back(file.path().string());
    EXPECT_THAT(errors_in(test::run_program(words)), testing::IsEmpty());
  }
}

TEST_F(PhantomDicom, DcmftestAcceptsTheFiles) {
  for (const Delivered& d : series_) {
    const test::Outcome outcome = test::run_program({"/usr/bin/dcmftest", (d.folder / "0001.dcm").string()});
    EXPECT_THAT(outcome.out, testing::StartsWith("yes:")) << title(d);
  }
}

}  // namespace
}  // namespace consilium::pipelines
