#include "imaging/dicom/classify.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/scan.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/memory_file.h"

namespace consilium::fuzz {

void fuzz_dicom(std::span<const std::uint8_t> bytes) {
  const MemoryFile file(bytes);
  accepted([&] {
    const imaging::DicomHeader header = imaging::read_dicom_header(file.path());
    imaging::reason_not_loadable(header);
  });
  accepted([&] {
    for (const imaging::Series& series : imaging::scan_study(file.path()).series) {
      imaging::classify(series);
      accepted([&] {
        const Volume volume = imaging::load_series(series);
        validate(volume.geometry);
        expect(volume.voxels.size() == voxel_count(volume.geometry), "voxels do not fill the grid");
      });
    }
  });
}

}  // namespace consilium::fuzz
