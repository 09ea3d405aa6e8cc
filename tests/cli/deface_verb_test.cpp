#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/dicom_files.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;

const fs::path kProfile = fs::path(CONSILIUM_SOURCE_DIR) / "sample_data/profiles/site_a.json";

/// One patient's four MR series as a hospital has them.
fs::path make_patient(const fs::path& folder) {
  const auto made = run_program({consilium_program(), "phantom", "--profiles", kProfile.string(), "-o", folder.string(), "--cases", "1", "--held-out", "0", "--seed", "3", "--quiet"});
  EXPECT_EQ(made.code, 0) << made.err;
  return folder / "site_a/train/site_a-0001/dicom";
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

Volume converted(const fs::path& in, const fs::path& out) {
  const auto done = run_program({consilium_program(), "convert", in.string(), "-o", out.string(), "--name", "{number}", "--quiet"});
  EXPECT_EQ(done.code, 0) << done.err;
  return imaging::read_nifti(out / "1.nii.gz");
}

TEST(DefaceVerb, RemovesFacesOfDicomAndSaysSoInEveryFile) {
  const TemporaryFolder folder;
  const fs::path in = make_patient(folder.path() / "in"), out = folder.path() / "out";
  const auto done = run_program({consilium_program(), "deidentify", in.string(), "-o", out.string(), "--key", (folder.path() / "k").string(), "--make-key", "--deface", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const std::size_t files = files_in(out).size();
  EXPECT_EQ(parse_json(done.out, "report").at("actions").at("faces removed"), files);
  EXPECT_EQ(files, files_in(in).size());
  EXPECT_GE(files_in(folder.path() / "out-review").size(), 1U) << "pictures, apart from the results";
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(files_in(out).front().c_str()).good());
  OFString text;
  format.getDataset()->findAndGetOFString(DCM_RecognizableVisualFeatures, text);
  EXPECT_EQ(text, "NO");
  DcmItem* code = nullptr;
  ASSERT_TRUE(format.getDataset()->findAndGetSequenceItem(DCM_DeidentificationMethodCodeSequence, code, 1).good());
  code->findAndGetOFString(DCM_CodeValue, text);
  EXPECT_EQ(text, "113102");
  const Volume before = converted(in, folder.path() / "before"), after = converted(out, folder.path() / "after");
  const Volume truth = imaging::read_nifti(in.parent_path() / "site_a-0001-seg.nii.gz");
  ASSERT_EQ(truth.voxels.size(), before.voxels.size());
  std::size_t cleared = 0;
  for (std::size_t n = 0; n < before.voxels.size(); ++n) {
    if (after.voxels[n] != before.voxels[n]) {
      ASSERT_EQ(after.voxels[n], 0);
      ++cleared;
    }
    if (truth.voxels[n] > 0) {
      ASSERT_EQ(after.voxels[n], before.voxels[n]) << "of the tumour";
    }
  }
  EXPECT_GT(cleared, before.voxels.size() / 100);
}

TEST(DefaceVerb, ImagesWhoseFaceIsNotFoundAreNotWritten) {
  const TemporaryFolder folder;
  const fs::path in = folder.path() / "in", key = folder.path() / "k";
  test::write_dicom(in / "small.dcm", {.number = 1});
  test::write_dicom(in / "screen.dcm", {.sop_class = UID_SecondaryCaptureImageStorage, .series = "1.2.9", .attributes = {{DCM_ImagePositionPatient, ""}}});
  const auto done = run_program({consilium_program(), "deidentify", in.string(), "-o", (folder.path() / "out").string(), "--key", key.string(), "--make-key", "--deface"});
  EXPECT_EQ(done.code, 8) << done.err;
  EXPECT_THAT(done.err, HasSubstr("its face was not removed: no head found"));
  EXPECT_THAT(done.err, HasSubstr("a picture, not a slice"));
  EXPECT_TRUE(files_in(folder.path() / "out").empty());
  const auto inside = run_program({consilium_program(), "deidentify", in.string(), "-o", (folder.path() / "out").string(), "--key", key.string(), "--deface", "--review", (folder.path() / "out/pictures").string()});
  EXPECT_EQ(inside.code, 6) << inside.err;
  EXPECT_THAT(inside.err, HasSubstr("show faces, and would lie among the results"));
}

TEST(DefaceVerb, NiftiNeedsNoKey) {
  const TemporaryFolder folder;
  converted(make_patient(folder.path() / "in"), folder.path() / "nifti");
  const fs::path in = folder.path() / "nifti/1.nii.gz", out = folder.path() / "out";
  const auto done = run_program({consilium_program(), "deidentify", in.string(), "-o", out.string(), "--deface"});
  ASSERT_EQ(done.code, 0) << done.err;
  const Volume before = imaging::read_nifti(in), after = imaging::read_nifti(out / "1.nii.gz");
  EXPECT_TRUE(same_grid(before.geometry, after.geometry));
  EXPECT_NE(before.voxels, after.voxels);
  EXPECT_TRUE(fs::exists(folder.path() / "out-review/1.png"));
  const auto again = run_program({consilium_program(), "deidentify", in.string(), "-o", out.string(), "--deface"});
  EXPECT_EQ(again.code, 7);
  const auto keyless = run_program({consilium_program(), "deidentify", in.string(), "-o", out.string()});
  EXPECT_EQ(keyless.code, 2);
  EXPECT_THAT(keyless.err, HasSubstr("--key is required"));
}

}  // namespace
}  // namespace consilium
