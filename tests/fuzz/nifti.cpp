#include "imaging/nifti/nifti.h"

#include <cmath>

#include "imaging/nifti/nifti_header.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/memory_file.h"

namespace consilium::fuzz {

void fuzz_nifti(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  accepted([&] {
    const imaging::NiftiHeader header = imaging::parse_nifti_header(text.substr(0, imaging::kNiftiHeaderBytes), "bytes");
    validate(header.summary.geometry);
    // What we would write for this grid is read as the same grid, when it fits into version 1 and single precision.
    const Geometry& g = header.summary.geometry;
    bool fits = true;
    for (std::size_t axis = 0; axis < 3; ++axis)
      fits = fits && g.size[axis] < 32768 && g.spacing_mm[axis] > 1e-3 && g.spacing_mm[axis] < 1e4 &&
             std::abs(g.origin_mm[axis]) < 1e5;
    if (!fits) return;
    const auto encoded = imaging::encode_nifti_header({.geometry = g});
    const Geometry again = imaging::parse_nifti_header({encoded.data(), encoded.size()}, "own header").summary.geometry;
    for (std::size_t axis = 0; axis < 3; ++axis)
      expect(std::abs(again.spacing_mm[axis] - g.spacing_mm[axis]) <= 1e-4 * g.spacing_mm[axis],
             "a header written from a grid gives another spacing");
  });
  const MemoryFile file(bytes);
  accepted([&] { imaging::inspect_nifti(file.path()); });
  accepted([&] {
    const Volume volume = imaging::read_nifti_volume(file.path(), 0);
    expect(volume.voxels.size() == voxel_count(volume.geometry) && !volume.voxels.empty(), "voxels do not fill the grid");
  });
  accepted([&] { imaging::read_nifti_labels(file.path()); });
}

}  // namespace consilium::fuzz
