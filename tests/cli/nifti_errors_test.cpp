#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>

#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "imaging/nifti/nifti_header.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::Outcome;
using test::run_program;
using testing::HasSubstr;

/// Files as they come from users.
class NiftiErrors : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  static Geometry grid(const Size3& size = {4, 5, 6}) { return {size, {1, 1, 2}, {0, 0, 0}, kIdentity3}; }
  static Volume volume() { return {grid(), std::vector<float>(120, 7)}; }

  /// A header for `size` and `bytes` bytes of voxels; a fourth axis of `volumes` when there are several.
  void write_raw(const std::string& name, const Size3& size, std::size_t bytes, int volumes = 1) const {
    auto header = imaging::encode_nifti_header({.geometry = grid(size), .type = imaging::VoxelType::kUint8});
    if (volumes > 1) header[40] = 4, header[48] = static_cast<char>(volumes);
    write_file(path(name), std::string(header.begin(), header.end()) + std::string(bytes, '\1'));
  }

  /// What both verbs that read any image say, once for each.
  void expect_refusal(const std::string& name, ErrorCode code, const std::string& words) const {
    for (const std::string verb : {"inspect", "convert"}) {
      SCOPED_TRACE(verb + " " + name);
      std::vector<std::string> command{consilium_program(), verb, path(name)};
      if (verb == "convert") command.insert(command.end(), {"-o", path("out")});
      const Outcome outcome = run_program(command);
      EXPECT_EQ(outcome.code, static_cast<int>(code)) << outcome.err;
      EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("consilium: error: "), HasSubstr(name), HasSubstr(words)));
      EXPECT_EQ(outcome.out, "");
      EXPECT_FALSE(fs::exists(folder.path() / "out"));
    }
  }
  TemporaryFolder folder;
};

TEST_F(NiftiErrors, AFileThatIsNotThereIsNotFound) { expect_refusal("absent.nii.gz", ErrorCode::kNotFound, "no such file"); }

TEST_F(NiftiErrors, AnEmptyFileIsDamaged) {
  write_file(path("empty.nii.gz"), "");
  expect_refusal("empty.nii.gz", ErrorCode::kCorruptData, "has 0 bytes; a NIfTI header needs 348");
}

TEST_F(NiftiErrors, WordsNamedNiftiAreNoNifti) {
  write_file(path("words.nii.gz"), std::string(600, 'a'));
  expect_refusal("words.nii.gz", ErrorCode::kCorruptData, "is not NIfTI");
}

TEST_F(NiftiErrors, AFileCutInHalfIsDamaged) {
  imaging::write_nifti(path("whole.nii"), volume());
  const std::string bytes = read_file(path("whole.nii"));
  write_file(path("half.nii"), bytes.substr(0, bytes.size() / 2));
  expect_refusal("half.nii", ErrorCode::kCorruptData,
                 "the header promises 480 bytes of voxels from byte 352, the file has 416 bytes");
}

TEST_F(NiftiErrors, AGzipStreamWithAWrongByteIsDamagedWhereverTheByteIs) {
  imaging::write_nifti(path("whole.nii.gz"), volume());
  const std::string bytes = read_file(path("whole.nii.gz"));
  for (const std::size_t from_end : {std::size_t{6}, bytes.size() / 3}) {  // the checksum; the packed voxels
    std::string changed = bytes;
    changed[changed.size() - from_end] ^= 0x10;
    write_file(path("changed.nii.gz"), changed);
    const Outcome outcome = run_program({consilium_program(), "convert", path("changed.nii.gz"), "-o", path("out")});
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("changed.nii.gz"));
  }
  write_file(path("cut.nii.gz"), bytes.substr(0, bytes.size() - 4));
  EXPECT_THAT(run_program({consilium_program(), "convert", path("cut.nii.gz"), "-o", path("out")}).err,
              HasSubstr("damaged or cut short"));
}

TEST_F(NiftiErrors, AHugeGridWithoutVoxelsIsRefusedWithTheFigures) {
  write_raw("huge.nii", {32767, 32767, 32767}, 100);
  expect_refusal("huge.nii", ErrorCode::kCorruptData, "the header promises 35181150961663 bytes");
}

TEST_F(NiftiErrors, ANiftiFileIsReadWhateverItsName) {
  imaging::write_nifti(path("scan.nii"), volume());
  fs::rename(folder.path() / "scan.nii", folder.path() / "scan.nii.gz");  // not packed, although it says so
  EXPECT_EQ(run_program({consilium_program(), "inspect", path("scan.nii.gz")}).code, 0);
  EXPECT_EQ(imaging::read_nifti(path("scan.nii.gz")), volume());
}

TEST_F(NiftiErrors, SeveralVolumesAreNotTakenForOne) {
  write_raw("four_d.nii", {4, 5, 6}, 360, 3);
  EXPECT_THAT(run_program({consilium_program(), "inspect", path("four_d.nii")}).out, HasSubstr("4 x 5 x 6 x 3"));
  try {
    imaging::read_nifti(path("four_d.nii"));
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("is 4 x 5 x 6 x 3; expected one 3-D volume"));
  }
}

TEST_F(NiftiErrors, AFileWithoutPermissionSaysSo) {
  imaging::write_nifti(path("secret.nii"), volume());
  ASSERT_EQ(chmod(path("secret.nii").c_str(), 0), 0);
  // root may read everything, unless it gives that up.
  const auto restricted = [](std::vector<std::string> command) {
    if (geteuid() == 0) command.insert(command.begin(), {"/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"});
    return run_program(command);
  };
  const Outcome outcome = restricted({consilium_program(), "inspect", path("secret.nii")});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("secret.nii"), HasSubstr("Permission denied")));

  fs::create_directory(folder.path() / "closed");
  ASSERT_EQ(chmod(path("closed").c_str(), 0), 0);
  const Outcome inside = restricted({consilium_program(), "inspect", path("closed/scan.nii")});
  EXPECT_EQ(inside.code, 3);
  EXPECT_THAT(inside.err, HasSubstr("Permission denied"));
  const Outcome scores = restricted(
      {consilium_program(), "evaluate", "--reference", path("closed"), "--prediction", path("closed"), "--scheme", "binary"});
  EXPECT_EQ(scores.code, 3);
  EXPECT_THAT(scores.err, testing::AllOf(HasSubstr("closed"), HasSubstr("Permission denied")));
  chmod(path("closed").c_str(), 0700);
}

TEST_F(NiftiErrors, AJsonReportHoldsTheErrorEvenWhenTheNameIsNotUtf8) {
  const Outcome outcome = run_program({consilium_program(), "inspect", path("caf\xe9.nii"), "--json"});
  EXPECT_EQ(outcome.code, 3);
  const Json json = parse_json(outcome.out, "report");
  EXPECT_EQ(json["files"][0]["error"]["code"], 3);
}

TEST_F(NiftiErrors, OneBadFileOfSeveralIsToldAndTheOthersAreDone) {
  imaging::write_nifti(path("good.nii"), volume());
  write_file(path("bad.nii"), "x");
  const Outcome outcome = run_program({consilium_program(), "convert", path("bad.nii"), path("good.nii"), "-o", path("out")});
  EXPECT_EQ(outcome.code, 8);
  EXPECT_THAT(outcome.err, HasSubstr("bad.nii"));
  EXPECT_TRUE(fs::exists(folder.path() / "out/good.nii.gz"));
}

TEST_F(NiftiErrors, ASpacingThatMakesTooManyVoxelsIsAUsageError) {
  imaging::write_nifti(path("scan.nii"), volume());
  for (const char* spacing : {"1e-300", "0.0001", "0", "nan", "-1"}) {
    const Outcome outcome = run_program(
        {consilium_program(), "convert", path("scan.nii"), "-o", path("out"), "--spacing", spacing, spacing, spacing});
    EXPECT_EQ(outcome.code, 2) << spacing << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("spacing")) << spacing;
  }
}

/// Label maps with something else in them, beside a sound reference.
class LabelErrors : public NiftiErrors {
 protected:
  Outcome evaluate(const Volume& prediction, const std::string& scheme = "binary") const {
    imaging::write_nifti(path("reference/case.nii.gz"), LabelMap{grid(), std::vector<Label>(120, 1)});
    imaging::write_nifti(path("prediction/case.nii.gz"), prediction);
    return run_program({consilium_program(), "evaluate", "--reference", path("reference"), "--prediction", path("prediction"),
                        "--scheme", scheme});
  }
};

TEST_F(LabelErrors, ValuesThatAreNoLabelsAreNamed) {
  for (const auto& [value, words] :
       {std::pair{256.0F, "it holds 256"}, {0.5F, "it holds 0.5"}, {-1.0F, "it holds -1"}, {std::nanf(""), "it holds nan"}}) {
    Volume prediction = volume();
    prediction.voxels.assign(120, 1);
    prediction.voxels[60] = value;
    const Outcome outcome = evaluate(prediction);
    EXPECT_EQ(outcome.code, 8) << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, testing::AllOf(HasSubstr("case"), HasSubstr("is not a label map"), HasSubstr(words)));
  }
}

TEST_F(LabelErrors, ALabelOfAnotherSchemeIsNamed) {
  Volume prediction = volume();
  prediction.voxels.assign(120, 4);
  EXPECT_THAT(evaluate(prediction, "brats2023").out,
              testing::AllOf(HasSubstr("label 4"), HasSubstr("brats2023"), HasSubstr("--scheme")));
}

TEST_F(LabelErrors, AnotherGridIsNamed) {
  EXPECT_THAT(evaluate({grid({4, 5, 3}), std::vector<float>(60, 1)}).out, HasSubstr("different grids"));
}

TEST_F(LabelErrors, AFolderThatIsNotThereIsNotFound) {
  const Outcome outcome =
      run_program({consilium_program(), "evaluate", "--reference", path("no"), "--prediction", path("no"), "--scheme", "binary"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("no such folder"));
}

TEST_F(NiftiErrors, PreprocessNamesTheImageThatIsDamaged) {
  for (const char* channel : {"t1n", "t1c", "t2w", "t2f"})
    imaging::write_nifti(path(std::string("cases/p1/p1-") + channel + ".nii.gz"), volume());
  write_raw("cases/p1/p1-t2w.nii.gz", {4, 5, 6}, 3);
  const Outcome outcome =
      run_program({consilium_program(), "preprocess", "--preset", "brats", path("cases"), "-o", path("ready")});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("p1-t2w.nii.gz"), HasSubstr("the header promises 120 bytes")));
  EXPECT_FALSE(fs::exists(folder.path() / "ready/p1"));
}

}  // namespace
}  // namespace consilium
