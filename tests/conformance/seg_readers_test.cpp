#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <map>

#include "base/settings.h"
#include "imaging/dicom/seg_read.h"
#include "imaging/dicom/seg_write.h"
#include "imaging/nifti/nifti.h"
#include "imaging/structure_terms.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

using test::is_absent;
using test::kNeedsShared;
using test::run_program;
using test::shared_path;
using testing::HasSubstr;

const char* const kPatient = "data/petct_mr_sarcoma/STS_002";
const fs::path kScript = fs::path(CONSILIUM_SOURCE_DIR) / "tests/conformance/read_back_seg.py";

std::string sha256(std::span<const std::uint8_t> bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(bytes.data(), bytes.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

/// A real CT with its tumour, and a second segment beside it.
struct Written {
  TemporaryFolder folder;
  Series source;
  LabelMap labels;
  fs::path file;

  Written(SegKind kind, SegPlanes planes) {
    source = scan_study(shared_path(kPatient) / "dicom/CT/image").series.at(0);
    labels = read_nifti_labels(shared_path(kPatient) / "ref_nifti/CT_mask.nii.gz");
    labels.geometry = source.geometry;
    for (std::size_t n = 1; n < labels.labels.size(); ++n)
      if (labels.labels[n] == 0 && labels.labels[n - 1] == 1) labels.labels[n] = 2;
    SegContent content{{*find_structure("tumor"), *find_structure("left femur")}, {labels}, {}};
    content.segments[0].label = 1, content.segments[1].label = 2;
    content.segments[0].algorithm_type = "AUTOMATIC", content.segments[0].algorithm_name = "test";
    file = folder.path() / "seg.dcm";
    write_seg(file, source, content, {.kind = kind, .planes = planes, .date = "20200101", .time = "120000"});
  }
};

TEST(SegReaders, PydicomReadsWhatWasWritten) {
  if (is_absent(kPatient)) GTEST_SKIP() << kNeedsShared << kPatient;
  for (const SegKind kind : {SegKind::kBinary, SegKind::kLabelMap}) {
    const Written written(kind, SegPlanes::kAll);
    const auto outcome = run_program({"/usr/bin/python3", kScript.string(), "frames", written.file.string()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json seen = parse_json(outcome.out, "read_back_seg.py");
    const std::size_t plane = written.labels.geometry.size[0] * written.labels.geometry.size[1], planes = written.labels.geometry.size[2];
    ASSERT_EQ(seen.at("frames").size(), kind == SegKind::kBinary ? 2 * planes : planes);
    for (std::size_t n = 0; n < seen.at("frames").size(); ++n) {
      const Json& frame = seen.at("frames").at(n);
      const std::size_t k = n % planes;
      std::vector<std::uint8_t> expected;
      for (const Label label : std::span(written.labels.labels).subspan(k * plane, plane))
        expected.push_back(kind == SegKind::kLabelMap ? label : static_cast<std::uint8_t>(label == n / planes + 1));
      EXPECT_EQ(frame.at("sha256"), sha256(expected)) << n;
      EXPECT_EQ(frame.at("source"), written.source.slices[k].sop_instance_uid);
      EXPECT_TRUE(frame.at("is_listed").get<bool>());
      for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(frame.at("position").at(axis).get<double>(), written.source.slices[k].position_mm[axis], 1e-3);
    }
    EXPECT_EQ(seen.at("study"), written.source.header().study_uid);
    EXPECT_EQ(seen.at("segments").size(), kind == SegKind::kBinary ? 2U : 3U);  // label maps describe the background too
  }
}

std::vector<std::string> errors_in(const std::string& text) {
  std::vector<std::string> errors;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (text.compare(start, 5, "Error") == 0) errors.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return errors;
}

/// David Clunie's verifier knows the Segmentation Storage of its day: neither label maps nor later attributes.
TEST(SegReaders, DciodvfyFindsNoErrorThatTheImagesDoNotHave) {
  if (is_absent(kPatient)) GTEST_SKIP() << kNeedsShared << kPatient;
  if (!fs::exists("/usr/bin/dciodvfy")) GTEST_SKIP() << "needs dicom3tools";
  for (const SegKind kind : {SegKind::kBinary, SegKind::kOccupancy}) {
    const Written written(SegKind::kBinary, SegPlanes::kNeeded);
    fs::path file = written.file;
    if (kind == SegKind::kOccupancy) {
      SegContent content{{*find_structure("liver")}, {written.labels}, {0}};
      file = written.folder.path() / "fractions.dcm";
      write_seg(file, written.source, content, {.kind = kind, .date = "20200101", .time = "120000"});
    }
    const auto outcome = run_program({"/usr/bin/dciodvfy", file.string()});
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("Segmentation"));
    // A Study ID that is too long comes from the images.
    const auto of_images = run_program({"/usr/bin/dciodvfy", written.source.header().file.string()});
    for (const std::string& line : errors_in(outcome.out + outcome.err)) EXPECT_THAT(of_images.out + of_images.err, HasSubstr(line));
  }
}

TEST(SegReaders, EveryTermIsOneOfDicom) {
  std::vector<std::string> words{"/usr/bin/python3", kScript.string(), "terms"};
  const auto add = [&](const CodedTerm& term) {
    if (term.is_set()) words.push_back(term.value + "|" + term.scheme + "|" + term.meaning);
  };
  for (const std::string_view name : structure_names()) {
    const Segment segment = *find_structure("left " + std::string(name));
    for (const CodedTerm& term : {segment.category, segment.type, segment.modifier}) add(term);
  }
  add(find_structure("right lung")->modifier);
  const auto outcome = run_program(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "read_back_seg.py"), Json::array());
}

}  // namespace
}  // namespace consilium::imaging
