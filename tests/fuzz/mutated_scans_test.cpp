#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/rtstruct_mask.h"
#include "imaging/dicom/seg_read.h"
#include "imaging/dicom/sidecar.h"
#include "imaging/nifti/nifti.h"
#include "tests/fuzz/heap_meter.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/mutate.h"
#include "tests/support/shared_data.h"

namespace consilium::fuzz {
namespace {

constexpr std::size_t kFiles = 10000;
constexpr std::uint64_t kSeed = 5;
constexpr std::size_t kAllowanceBytes = std::size_t{64} << 20, kBytesPerByte = 16;
constexpr double kMostSeconds = 2;
/// Small ones, so that most damage hits what has a meaning.
constexpr std::uintmax_t kLongestSeed = 120000;

struct Seed {
  std::string name;
  Bytes bytes;
};

/// Real files of every encoding and kind, and damaged ones.
std::vector<Seed> read_seeds(const char* root) {
  std::vector<Seed> seeds;
  for (const auto& entry : fs::recursive_directory_iterator(test::shared_path(root))) {
    const std::string ending = entry.path().extension().string();
    if (!entry.is_regular_file() || entry.file_size() > kLongestSeed || ending == ".json" || ending == ".txt") continue;
    const std::string bytes = read_file(entry.path());
    seeds.push_back({entry.path().filename().string(), Bytes(bytes.begin(), bytes.end())});
  }
  std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) { return a.name < b.name; });
  return seeds;
}

/// Every plane of a segmentation, or of contours on some grid.
bool read_structure(const imaging::DicomHeader& header) {
  return accepted([&] {
    std::size_t voxels = 0;
    const auto count = [&](std::size_t, std::span<const std::uint8_t> plane) { voxels += plane.size(); };
    if (imaging::is_structure_set(header.sop_class_uid)) {
      const imaging::ContourMask mask(imaging::read_contour_set(header.file), {{64, 64, 48}, {6, 6, 6}, {-190, -190, -140}, kIdentity3});
      const imaging::Structures structures = mask.structures();
      for (std::size_t k = 0; k < structures.geometry.size[2]; ++k) structures.visit_plane(k, count);
      return;
    }
    const imaging::SegReader reader(imaging::read_seg_file(header.file));
    const imaging::Structures structures = reader.structures();
    for (std::size_t k = 0; k < structures.geometry.size[2]; ++k) structures.visit_plane(k, count);
  });
}

/// Everything `consilium convert` does with a file, but for writing. How many images were read in spite of the damage.
std::size_t read_all(const fs::path& file) {
  std::size_t images = 0;
  accepted([&] {
    const imaging::Study study = imaging::scan_study(file, imaging::Unplaced::kAssume);
    for (const imaging::RejectedFile& rejected : study.rejected) expect(!rejected.reason.empty(), "a refusal without a reason");
    for (const imaging::DicomHeader& header : study.structures) images += read_structure(header) ? 1 : 0;
    for (const imaging::Series& series : study.series) {
      accepted([&] { imaging::to_sidecar(series); });
      images += accepted([&] { imaging::load_series(series); }) ? 1 : 0;
    }
  });
  accepted([&] {
    const imaging::NiftiSummary summary = imaging::inspect_nifti(file);
    if (summary.shape.size() <= 3) imaging::read_nifti(file), ++images;
  });
  return images;
}

TEST(MutatedScans, TenThousandFilesCostNeitherCrashNorTimeNorMemory) {
  if (test::is_absent("data/dicom_odd") || test::is_absent("data/nifti_odd")) GTEST_SKIP() << test::kNeedsShared << "data";
  std::vector<Seed> seeds = read_seeds("data/dicom_odd");
  const std::size_t dicom = seeds.size();
  for (Seed& seed : read_seeds("data/nifti_odd")) seeds.push_back(std::move(seed));
  ASSERT_GT(dicom, 100U);
  ASSERT_GT(seeds.size() - dicom, 20U);
  const char* asked = std::getenv("CONSILIUM_FUZZ_SCANS");
  const std::size_t files = asked != nullptr ? std::strtoull(asked, nullptr, 10) : kFiles;
  Rng rng(kSeed);
  std::size_t failures = 0, images = 0;
  for (std::size_t n = 0; n < files && failures < 5; ++n) {
    const Seed& seed = seeds[rng.below(seeds.size())];
    const Bytes bytes = mutate(seed.bytes, seeds[rng.below(seeds.size())].bytes, rng);
    std::string problem;
    HeapMeter::reset();
    const auto start = std::chrono::steady_clock::now();
    try {
      const MemoryFile file(bytes);
      images += read_all(file.path());
    } catch (const std::exception& error) {
      problem = std::string("threw ") + error.what();
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::size_t most = kAllowanceBytes + kBytesPerByte * bytes.size();
    if (HeapMeter::peak_bytes() > most) problem = "took " + std::to_string(HeapMeter::peak_bytes()) + " bytes of heap";
    if (HeapMeter::peak_resident_bytes() > most) problem = "took " + std::to_string(HeapMeter::peak_resident_bytes()) + " bytes of memory";
    if (seconds > kMostSeconds) problem = "took " + std::to_string(seconds) + " s";
    if (problem.empty()) continue;
    ++failures;
    const fs::path kept = fs::temp_directory_path() / ("mutated_" + std::to_string(n) + "_" + seed.name);
    write_file(kept, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    ADD_FAILURE() << "mutation " << n << " of " << seed.name << " " << problem << "; kept as " << kept;
  }
  EXPECT_GT(images, files / 10) << "damage that leaves nothing to decode tests no decoder";
}

}  // namespace
}  // namespace consilium::fuzz
