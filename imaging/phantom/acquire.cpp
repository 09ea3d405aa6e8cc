#include "imaging/phantom/acquire.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"
#include "imaging/phantom/ct.h"
#include "imaging/phantom/noise.h"
#include "imaging/phantom/pet.h"

namespace consilium::imaging {
namespace {

void require_range(const char* name, double value, double low, double high) {
  require(std::isfinite(value) && value >= low && value <= high, ErrorCode::kUsage,
          std::string("acquisition: expected ") + name + " in [" + std::to_string(low) + ", " + std::to_string(high) + "], found " +
              std::to_string(value));
}

/// Calls visit(voxel offset, offset into the head's grid) for every sample inside each voxel; samples outside of the head's grid are
/// passed as `kOutside`. Returns the number of samples in one voxel.
constexpr std::size_t kOutside = ~std::size_t{0};
template <typename Visit>
std::size_t for_each_sample(const Geometry& fine, const Geometry& grid, Visit visit) {
  std::array<std::size_t, 3> steps;
  for (std::size_t a = 0; a < 3; ++a)
    steps[a] = static_cast<std::size_t>(std::clamp(std::lround(grid.spacing_mm[a] / fine.spacing_mm[a]), 1L, 8L));
  std::vector<Vec3> samples;  // of one voxel, in fine voxels from its centre
  for (std::size_t c = 0; c < steps[2]; ++c)
    for (std::size_t b = 0; b < steps[1]; ++b)
      for (std::size_t a = 0; a < steps[0]; ++a) {
        const std::array<std::size_t, 3> at{a, b, c};
        Vec3 offset{};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double along = ((static_cast<double>(at[axis]) + 0.5) / static_cast<double>(steps[axis]) - 0.5) * grid.spacing_mm[axis];
          for (std::size_t row = 0; row < 3; ++row) offset[row] += grid.direction[row][axis] * along / fine.spacing_mm[row];
        }
        samples.push_back(offset);
      }
  std::size_t voxel = 0;
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    for (std::size_t j = 0; j < grid.size[1]; ++j)
      for (std::size_t i = 0; i < grid.size[0]; ++i, ++voxel) {
        const Vec3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
        Vec3 centre{};
        for (std::size_t row = 0; row < 3; ++row) {
          double mm = grid.origin_mm[row] - fine.origin_mm[row];
          for (std::size_t axis = 0; axis < 3; ++axis) mm += grid.direction[row][axis] * grid.spacing_mm[axis] * index[axis];
          centre[row] = mm / fine.spacing_mm[row] + 0.5;
        }
        for (const Vec3& sample : samples) {
          const double x = centre[0] + sample[0], y = centre[1] + sample[1], z = centre[2] + sample[2];
          const bool inside = x >= 0 && y >= 0 && z >= 0 && x < static_cast<double>(fine.size[0]) &&
                              y < static_cast<double>(fine.size[1]) && z < static_cast<double>(fine.size[2]);
          visit(voxel, inside ? offset_of(fine.size, static_cast<std::size_t>(x), static_cast<std::size_t>(y), static_cast<std::size_t>(z))
                              : kOutside);
        }
      }
  return samples.size();
}

using SignalTable = std::array<std::array<float, kConditionLevels>, kTissueCount>;

SignalTable signal_table(const Acquisition& a) {
  SignalTable table{};
  for (int t = 0; t < kTissueCount; ++t)
    for (int condition = 0; condition < kConditionLevels; ++condition) {
      const auto tissue = static_cast<Tissue>(t);
      double value = 0;
      switch (a.modality) {
        case PhantomModality::kMr: value = mr_signal(tissue, condition, a.sequence, a.field_tesla, a.dose); break;
        case PhantomModality::kCt: value = ct_number_hu(tissue, condition, a.dose); break;
        case PhantomModality::kPet: value = fdg_suv(tissue, condition); break;
      }
      table[static_cast<std::size_t>(t)][static_cast<std::size_t>(condition)] = static_cast<float>(value);
    }
  return table;
}

Volume partial_volume_image(const Head& head, const Geometry& grid, const SignalTable& table) {
  Volume image{grid, std::vector<float>(voxel_count(grid), 0.0F)};
  const float air = table[0][kConditionLevels / 2];
  const std::size_t samples = for_each_sample(head.tissues.geometry, grid, [&](std::size_t voxel, std::size_t at) {
    image.voxels[voxel] += at == kOutside ? air : table[head.tissues.labels[at]][head.condition[at]];
  });
  for (float& value : image.voxels) value /= static_cast<float>(samples);
  return image;
}

/// Receive coils: a slow random part, and sensitivity that falls or rises towards the middle of the head.
void shade(Volume& image, double strength, Rng& rng) {
  const SmoothNoise slow(rng.fork("bias"));
  Rng draw = rng.fork("bias centre");
  const double towards_surface = draw.uniform(-0.2, 0.9);
  const Vec3 centre{draw.uniform(-25, 25), draw.uniform(-30, 30), draw.uniform(-30, 30)};
  std::size_t voxel = 0;
  const Geometry& g = image.geometry;
  for (std::size_t k = 0; k < g.size[2]; ++k)
    for (std::size_t j = 0; j < g.size[1]; ++j)
      for (std::size_t i = 0; i < g.size[0]; ++i, ++voxel) {
        const Vec3 p = to_position_mm(g, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        const double r2 = (std::pow(p[0] - centre[0], 2) + std::pow(p[1] - centre[1], 2) + std::pow(p[2] - centre[2], 2)) / 8100;
        const double field = 1.4 * slow.at(p, 90) + towards_surface * (r2 - 0.5);
        image.voxels[voxel] *= static_cast<float>(std::exp(strength * std::clamp(field, -1.5, 1.5)));
      }
}

/// Periodic motion: copies of the head shifted along the phase-encoding axis (rows), folded at the edge of the field of view.
void add_ghosts(Volume& image, double strength) {
  const Size3& size = image.geometry.size;
  const std::vector<float> still = image.voxels;
  const std::size_t shift = std::max<std::size_t>(1, size[1] / 5);
  const auto share = static_cast<float>(strength);
  for (std::size_t k = 0; k < size[2]; ++k)
    for (std::size_t j = 0; j < size[1]; ++j)
      for (std::size_t i = 0; i < size[0]; ++i) {
        const float before = still[offset_of(size, i, (j + size[1] - shift) % size[1], k)];
        const float after = still[offset_of(size, i, (j + shift) % size[1], k)];
        float& value = image.voxels[offset_of(size, i, j, k)];
        value = (1 - share) * value + share * 0.5F * (before + after);
      }
}

Volume acquire_mr(const Head& head, const Acquisition& a, Rng& rng) {
  const SignalTable table = signal_table(a);
  Volume image = partial_volume_image(head, a.grid, table);
  // Both set on white matter before injection, so that an agent shows as brightness and not as a change of scale.
  const double reference = mr_signal(Tissue::kWhiteMatter, kConditionLevels / 2, a.sequence, a.field_tesla, 0);
  require(reference > 0, ErrorCode::kUsage, "MR sequence: white matter gives no signal; choose another ti_ms");
  const auto scale = static_cast<float>(a.gain / reference);
  for (float& value : image.voxels) value *= scale;
  if (a.bias > 0) shade(image, a.bias, rng);
  if (a.motion > 0) add_ghosts(image, a.motion);
  const double sigma = a.gain / a.snr;
  Rng noise = rng.fork("noise");
  for (float& value : image.voxels) {
    const double real = value + noise.normal(0, sigma), imaginary = noise.normal(0, sigma);
    value = static_cast<float>(std::hypot(real, imaginary));
  }
  return image;
}

Volume acquire_pet(const Head& head, const Acquisition& a, Rng& rng) {
  Volume image = blur_gaussian(partial_volume_image(head, a.grid, signal_table(a)), a.psf_fwhm_mm);
  Rng noise = rng.fork("noise");
  // Counts have a variance equal to their mean; far from zero that is a normal distribution.
  for (float& value : image.voxels) {
    const double spread = std::sqrt(std::max(0.0F, value)) / a.snr;
    value = static_cast<float>(std::max(0.0, value + noise.normal(0, spread)));
  }
  return image;
}

Volume acquire_ct(const Head& head, const Acquisition& a, Rng& rng) {
  Volume image = partial_volume_image(head, a.grid, signal_table(a));
  Rng noise = rng.fork("noise");
  for (float& value : image.voxels) value = static_cast<float>(std::clamp(value + noise.normal(0, a.noise_hu), -1024.0, 3071.0));
  return image;
}

}  // namespace

void validate(const Acquisition& a) {
  validate(a.grid);
  if (a.modality == PhantomModality::kMr) {
    validate(a.sequence);
    require_range("bias", a.bias, 0, 1);
    require_range("gain", a.gain, 1e-6, 1e9);
    require_range("motion", a.motion, 0, 0.5);
  }
  require_range("dose", a.dose, 0, 3);
  require_range("snr", a.snr, 0.1, 1e6);
  require_range("noise_hu", a.noise_hu, 0, 500);
  require_range("psf_fwhm_mm", a.psf_fwhm_mm, 0, 100);
}

Volume acquire(const Head& head, const Acquisition& acquisition, Rng& rng) {
  validate(acquisition);
  Rng own(rng.next());
  switch (acquisition.modality) {
    case PhantomModality::kMr: return acquire_mr(head, acquisition, own);
    case PhantomModality::kCt: return acquire_ct(head, acquisition, own);
    case PhantomModality::kPet: return acquire_pet(head, acquisition, own);
  }
  throw Error(ErrorCode::kUnexpected, "acquisition of an unknown modality");
}

LabelMap truth_on_grid(const Head& head, const Geometry& grid) {
  validate(grid);
  std::vector<std::array<std::uint16_t, 4>> counts(voxel_count(grid), std::array<std::uint16_t, 4>{});
  const std::size_t samples = for_each_sample(head.truth.geometry, grid, [&](std::size_t voxel, std::size_t at) {
    if (at != kOutside) ++counts[voxel][head.truth.labels[at]];
  });
  LabelMap truth{grid, std::vector<Label>(counts.size(), 0)};
  for (std::size_t voxel = 0; voxel < counts.size(); ++voxel) {
    const auto& share = counts[voxel];
    if (2 * static_cast<std::size_t>(share[1] + share[2] + share[3]) < samples) continue;
    truth.labels[voxel] = static_cast<Label>(std::max_element(share.begin() + 1, share.end()) - share.begin());
  }
  return truth;
}

Geometry acquisition_grid(SliceOrientation orientation, const Vec3& spacing_mm, const Vec3& field_of_view_mm, double oblique_degrees) {
  struct Axis {
    std::size_t patient_axis;
    double sign;
  };
  // Right-handed each: a DICOM reader orders slices along the normal of rows and columns.
  std::array<Axis, 3> axes{{{0, 1}, {1, 1}, {2, 1}}};
  if (orientation == SliceOrientation::kSagittal) axes = {{{1, 1}, {2, -1}, {0, -1}}};
  if (orientation == SliceOrientation::kCoronal) axes = {{{0, 1}, {2, -1}, {1, 1}}};
  const double tilt = oblique_degrees * std::numbers::pi / 180;
  Geometry grid;
  grid.spacing_mm = spacing_mm;
  double voxels = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    const double extent = field_of_view_mm[axes[a].patient_axis];
    require(std::isfinite(spacing_mm[a]) && spacing_mm[a] > 0 && std::isfinite(extent) && extent > 0, ErrorCode::kUsage,
            "acquisition: expected a positive spacing and field of view, found " + std::to_string(spacing_mm[a]) + " mm and " +
                std::to_string(extent) + " mm");
    const double count = std::max(1.0, std::floor(extent / spacing_mm[a] + 0.5));
    voxels *= count;
    require(voxels <= 268435456.0, ErrorCode::kUsage, "acquisition: more than 2^28 voxels; make spacing_mm larger");
    grid.size[a] = static_cast<std::size_t>(count);
    Vec3 unit{};
    unit[axes[a].patient_axis] = axes[a].sign;
    const Vec3 tilted{unit[0], std::cos(tilt) * unit[1] - std::sin(tilt) * unit[2], std::sin(tilt) * unit[1] + std::cos(tilt) * unit[2]};
    for (std::size_t row = 0; row < 3; ++row) grid.direction[row][a] = tilted[row];
  }
  for (std::size_t row = 0; row < 3; ++row) {
    double middle = 0;
    for (std::size_t a = 0; a < 3; ++a)
      middle += grid.direction[row][a] * grid.spacing_mm[a] * 0.5 * (static_cast<double>(grid.size[a]) - 1);
    grid.origin_mm[row] = -middle;
  }
  return grid;
}

}  // namespace consilium::imaging
