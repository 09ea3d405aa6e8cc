#pragma once

#include <cmath>
#include <filesystem>
#include <string>

#include "base/rng.h"
#include "imaging/label_map.h"
#include "imaging/nifti/nifti.h"
#include "imaging/volume.h"

namespace consilium::test {

/// A ball of "brain" in air with a tumour of three shells in it: enough for a tiny network to learn from in seconds.
struct TinyPatient {
  Volume t1ce, flair;
  LabelMap labels;  ///< BraTS 2023: 1 necrosis, 2 oedema, 3 enhancing
};

inline TinyPatient tiny_patient(std::uint64_t seed,
                                const Geometry& grid = {{18, 17, 16}, {2, 2, 2}, {-17, -16, -15}, kIdentity3}) {
  Rng rng(seed);
  TinyPatient patient{{grid, std::vector<float>(voxel_count(grid))},
                      {grid, std::vector<float>(voxel_count(grid))},
                      {grid, std::vector<Label>(voxel_count(grid), 0)}};
  const Vec3 tumour{rng.uniform(-4, 4), rng.uniform(-4, 4), rng.uniform(-3, 3)};
  const double gain = rng.uniform(80, 120);
  for (std::size_t n = 0; n < patient.labels.labels.size(); ++n) {
    const Size3 at{n % grid.size[0], n / grid.size[0] % grid.size[1], n / grid.size[0] / grid.size[1]};
    const Vec3 p = to_position_mm(grid, {static_cast<double>(at[0]), static_cast<double>(at[1]), static_cast<double>(at[2])});
    const double from_middle = std::hypot(p[0], p[1], p[2]),
                 from_tumour = std::hypot(p[0] - tumour[0], p[1] - tumour[1], p[2] - tumour[2]);
    const Label label = from_tumour < 2.5 ? 1 : from_tumour < 4.5 ? 3 : from_tumour < 7 ? 2 : 0;
    const double brain = from_middle < 14 ? gain : 0;
    patient.labels.labels[n] = label;
    patient.t1ce.voxels[n] = static_cast<float>(std::abs(brain * (label == 3 ? 1.8 : label == 1 ? 0.5 : 1) + rng.normal(0, 3)));
    patient.flair.voxels[n] = static_cast<float>(std::abs(brain * (label == 2 ? 1.8 : label == 0 ? 1 : 1.3) + rng.normal(0, 3)));
  }
  return patient;
}

/// BraTS 2023 names. Without labels when `labelled` is false.
inline void write_tiny_case(const std::filesystem::path& folder, const TinyPatient& patient, bool labelled = true) {
  const std::string name = folder.filename().string();
  imaging::write_nifti(folder / (name + "-t1c.nii.gz"), patient.t1ce);
  imaging::write_nifti(folder / (name + "-t2f.nii.gz"), patient.flair);
  if (labelled) imaging::write_nifti(folder / (name + "-seg.nii.gz"), patient.labels);
}

/// SITE/train/<prefix>_<n> and SITE/test/<prefix>_<n>.
inline void write_tiny_site(const std::filesystem::path& site, const std::string& prefix, int train, int held_out,
                            std::uint64_t seed) {
  for (int n = 0; n < train + held_out; ++n)
    write_tiny_case(site / (n < train ? "train" : "test") / (prefix + "_" + std::to_string(n)),
                    tiny_patient(seed + static_cast<std::uint64_t>(n)));
}

}  // namespace consilium::test
