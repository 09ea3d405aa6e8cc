// Modality LUT and palette as pydicom applies them.
#include <gtest/gtest.h>

#include "base/settings.h"
#include "imaging/dicom/load.h"
#include "tests/support/program.h"
#include "tests/support/value_table_file.h"

namespace consilium {
namespace {

using test::LookUp;
using test::write_looked_up;

const fs::path kScript = fs::path(CONSILIUM_SOURCE_DIR) / "tests/conformance/values_by_pydicom.py";

Json values_by_pydicom(const std::vector<fs::path>& files) {
  std::vector<std::string> words{"/usr/bin/python3", kScript.string()};
  for (const fs::path& file : files) words.push_back(file.string());
  const auto outcome = test::run_program(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return parse_json(outcome.out, "values_by_pydicom.py");
}

bool lacks_pydicom() { return test::run_program({"/usr/bin/python3", "-c", "import pydicom, numpy"}).code != 0; }

TEST(ValueTables, ModalityLutsGiveTheValuesOfPydicom) {
  if (lacks_pydicom()) GTEST_SKIP() << "needs python3-pydicom";
  const TemporaryFolder folder;
  std::vector<fs::path> files;
  for (const E_TransferSyntax encoding : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit})
    for (const LookUp& table : {LookUp{.first = 3, .entries = {900, 12, 65535, 7, 31000}}, LookUp{.first = -2, .entries = {40000, 1, 2, 3}, .is_signed = true},
                                LookUp{.first = 0, .bits = 8, .entries = {255, 128, 0, 3, 9, 77}}}) {
      files.push_back(folder.path() / std::to_string(files.size()));
      write_looked_up(files.back(), table, encoding);
    }
  const Json theirs = values_by_pydicom(files);
  for (std::size_t n = 0; n < files.size(); ++n) {
    const auto study = imaging::scan_files({files[n]});
    ASSERT_EQ(study.series.size(), 1U) << study.rejected.at(0).reason;
    EXPECT_EQ(imaging::load_series(study.series[0]).voxels, theirs[n].get<std::vector<float>>()) << n;
  }
}

TEST(ValueTables, PalettesGiveTheColoursOfPydicom) {
  if (lacks_pydicom()) GTEST_SKIP() << "needs python3-pydicom";
  const TemporaryFolder folder;
  std::vector<fs::path> files;
  for (const LookUp& table : {LookUp{.first = 2, .bits = 16, .entries = {0x1234, 0xFFFF, 0x8000, 0x00FF}}, LookUp{.first = 0, .bits = 8, .entries = {1, 200, 255, 7}}}) {
    files.push_back(folder.path() / std::to_string(files.size()));
    test::write_palette(files.back(), table);
  }
  const Json theirs = values_by_pydicom(files);
  for (std::size_t n = 0; n < files.size(); ++n) {
    const auto study = imaging::scan_files({files[n]});
    ASSERT_EQ(study.series.size(), 1U) << study.rejected.at(0).reason;
    const auto format = imaging::voxel_format(study.series[0].slices);
    ASSERT_EQ(format.type, imaging::VoxelType::kRgb24);
    std::vector<char> colours(3 * 12);
    imaging::load_planes(study.series[0].slices, format, colours);
    std::vector<int> ours;
    for (const char c : colours) ours.push_back(static_cast<unsigned char>(c));
    EXPECT_EQ(ours, theirs[n].get<std::vector<int>>()) << n;
  }
}

}  // namespace
}  // namespace consilium
