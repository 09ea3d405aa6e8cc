#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "base/rng.h"
#include "imaging/dicom/load.h"
#include "tests/support/dicom_files.h"

namespace consilium::imaging {
namespace {

/// write_file would wait for the disk, two thousand times.
void overwrite(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// Everything that can be done with a file; how it ends is left open, but it ends, and only with an Error.
void read_through(const fs::path& file) {
  const Study study = scan_study(file);
  for (const RejectedFile& rejected : study.rejected) EXPECT_FALSE(rejected.reason.empty());
  for (const Series& series : study.series) {
    try {
      const Volume volume = load_series(series);
      EXPECT_EQ(volume.voxels.size(), voxel_count(series.geometry));
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
}

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// One image of 32 x 32 smooth pixels in the encoding.
std::string encoded_image(const fs::path& folder, E_TransferSyntax encoding) {
  test::DicomImage image{.rows = 32, .columns = 32};
  for (int n = 0; n < 1024; ++n) image.pixels.push_back(static_cast<Uint16>(n % 32 * 8 + n / 32));
  image.attributes = {{DCM_SeriesDescription, "t1"}, {DCM_RepetitionTime, "500"}, {DCM_EchoTime, "12"}};
  test::write_dicom(folder / "plain", image);
  DcmFileFormat format;
  EXPECT_TRUE(format.loadFile((folder / "plain").c_str()).good());
  DJ_RPLossless jpeg;
  DJLSRepresentationParameter jpeg_ls(2, OFTrue);
  const DcmRepresentationParameter* parameter = nullptr;
  if (encoding == EXS_JPEGProcess14SV1) parameter = &jpeg;
  if (encoding == EXS_JPEGLSLossless) parameter = &jpeg_ls;
  EXPECT_TRUE(format.getDataset()->chooseRepresentation(encoding, parameter).good());
  EXPECT_TRUE(format.saveFile((folder / "encoded").c_str(), encoding).good());
  return read_file(folder / "encoded");
}

/// DCMTK asks for what an element claims, at most 4 GiB, and touches what is there. The address sanitizer touches one byte for eight of the claim.
#if defined(CONSILIUM_SANITIZED)
constexpr long kShadowMegabytes = 600;
#else
constexpr long kShadowMegabytes = 0;
#endif

class DamagedDicom : public testing::TestWithParam<E_TransferSyntax> {
 protected:
  static void SetUpTestSuite() {
    DcmRLEEncoderRegistration::registerCodecs();
    DJEncoderRegistration::registerCodecs();
    DJLSEncoderRegistration::registerCodecs();
  }
};

TEST_P(DamagedDicom, TheWholeFileLoads) {
  const TemporaryFolder folder;
  encoded_image(folder.path(), GetParam());
  const Study study = scan_study(folder.path() / "encoded");
  ASSERT_EQ(study.series.size(), 1U);
  EXPECT_EQ(load_series(study.series[0]).voxels[33], 9);
}

TEST_P(DamagedDicom, CutAnywhereItEndsInAnError) {
  const TemporaryFolder folder;
  const std::string bytes = encoded_image(folder.path(), GetParam());
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 100);
  for (std::size_t length = 0; length < bytes.size(); length += step) {
    overwrite(folder.path() / "cut", bytes.substr(0, length));
    read_through(folder.path() / "cut");
  }
}

TEST_P(DamagedDicom, FlippedBitsNeitherCrashNorTakeMemory) {
  const TemporaryFolder folder;
  const std::string bytes = encoded_image(folder.path(), GetParam());
  const long before = peak_megabytes();
  Rng rng(20);
  for (int n = 0; n < 250; ++n) {
    std::string damaged = bytes;
    // Half of them in the header, where the sizes are.
    const std::size_t range = n % 2 == 0 ? damaged.size() : std::min<std::size_t>(damaged.size(), 1400);
    for (std::uint64_t flips = 1 + rng.below(4); flips > 0; --flips)
      damaged[rng.below(range)] ^= static_cast<char>(1 << rng.below(8));
    overwrite(folder.path() / "flipped", damaged);
    read_through(folder.path() / "flipped");
  }
  EXPECT_LT(peak_megabytes() - before, 400 + kShadowMegabytes);
}

INSTANTIATE_TEST_SUITE_P(Encodings, DamagedDicom,
                         testing::Values(EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit,
                                         EXS_DeflatedLittleEndianExplicit, EXS_RLELossless, EXS_JPEGProcess14SV1,
                                         EXS_JPEGLSLossless));

TEST(HostileDicom, AnElementThatClaimsFourGigabytesTakesNoMemory) {
  const TemporaryFolder folder;
  test::write_dicom(folder.path() / "a", {});
  std::string bytes = read_file(folder.path() / "a");
  const std::size_t pixels = bytes.rfind(std::string("\xe0\x7f\x10\x00OW\x00\x00", 8));
  ASSERT_NE(pixels, std::string::npos);
  bytes.replace(pixels + 8, 4, "\xf0\xff\xff\xff");
  write_file(folder.path() / "a", bytes);
  const long before = peak_megabytes();
  read_through(folder.path() / "a");
  EXPECT_LT(peak_megabytes() - before, 100 + kShadowMegabytes);
}

}  // namespace
}  // namespace consilium::imaging
