#include "imaging/phantom/head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "base/error.h"
#include "imaging/phantom/anatomy.h"

namespace consilium::imaging {
namespace {

constexpr Vec3 kExtentMm{174, 214, 162};  // of the drawn grid: the largest head, posed

void require_range(const char* name, double value, double low, double high) {
  require(std::isfinite(value) && value >= low && value <= high, ErrorCode::kUsage,
          std::string("head: expected ") + name + " in [" + std::to_string(low) + ", " + std::to_string(high) + "], found " +
              std::to_string(value));
}

void validate(const HeadOptions& o) {
  require_range("spacing_mm", o.spacing_mm, 0.4, 6);
  require_range("deformation_mm", o.deformation_mm, 0, 10);
  require_range("size_spread", o.size_spread, 0, 0.15);
  require_range("atrophy", o.atrophy, 0, 1);
  require_range("pose_degrees", o.pose_degrees, 0, 20);
  require_range("tumour.radius_mm", o.tumour.radius_mm, 3, 40);
  require_range("tumour.rim_mm", o.tumour.rim_mm, 0.5, 40);
  require_range("tumour.oedema_reach_mm", o.tumour.oedema_reach_mm, 0, 60);
  require_range("tumour.irregularity", o.tumour.irregularity, 0, 0.6);
}

int level(double value) { return static_cast<int>(std::lround(std::clamp(value, 0.0, kConditionLevels - 1.0))); }

/// A tumour in the undeformed head.
class Tumour {
 public:
  Tumour(const TumourOptions& options, const Anatomy& anatomy, const Rng& rng)
      : options_(options), shape_(rng.fork("shape")), inside_(rng.fork("inside")), spread_(rng.fork("spread")) {
    Rng draw = rng.fork("place");
    for (double& stretch : stretch_) stretch = draw.uniform(0.8, 1.25);
    const double turn = draw.uniform(0, std::numbers::pi);
    cosine_ = std::cos(turn);
    sine_ = std::sin(turn);
    const double wanted_depth = std::min(0.75 * options.radius_mm + 3, 26.0);
    for (int attempt = 0; attempt < 2000 && !found_; ++attempt) {
      const double side = draw.chance(0.5) ? 1 : -1;
      centre_ = {side * draw.uniform(13, 48), draw.uniform(-56, 58), draw.uniform(-12, 48)};
      const auto place = anatomy.at(centre_);
      found_ = place.tissue == Tissue::kWhiteMatter && place.brain_depth_mm > wanted_depth;
    }
  }

  bool found() const { return found_; }

  /// Where the tissue at `p` lay before the growing core pushed it aside; bone does not give way.
  Vec3 before_growth(const Vec3& p, double brain_depth_mm) const {
    double squared = 0;
    for (std::size_t i = 0; i < 3; ++i) squared += (p[i] - centre_[i]) * (p[i] - centre_[i]);
    const double reach = 1.7 * options_.radius_mm;
    const double push = 0.32 * std::exp(-squared / (reach * reach)) * std::clamp(brain_depth_mm / 14, 0.0, 1.0);
    Vec3 result;
    for (std::size_t i = 0; i < 3; ++i) result[i] = centre_[i] + (p[i] - centre_[i]) * (1 - push);
    return result;
  }

  struct Part {
    Tissue tissue;
    int condition;
  };
  /// What the tumour makes of healthy tissue at `p`; nothing where it does not reach.
  std::optional<Part> at(const Vec3& p, const Anatomy::Place& healthy) const {
    const double far_mm = options_.radius_mm * 1.7 + 2.2 * options_.oedema_reach_mm + 6;
    const Vec3 v{p[0] - centre_[0], p[1] - centre_[1], p[2] - centre_[2]};
    if (std::max({std::abs(v[0]), std::abs(v[1]), std::abs(v[2])}) > far_mm || healthy.brain_depth_mm <= 0.5) return {};
    const double rho = relative_radius(p, v, healthy);
    if (rho < 1) return core(p, rho, healthy);
    return oedema(p, (rho - 1) * options_.radius_mm, healthy.tissue);
  }

 private:
  double relative_radius(const Vec3& p, const Vec3& v, const Anatomy::Place& healthy) const {
    const double r = options_.radius_mm;
    const Vec3 turned{(cosine_ * v[0] - sine_ * v[1]) * stretch_[0], (sine_ * v[0] + cosine_ * v[1]) * stretch_[1], v[2] * stretch_[2]};
    double rho = std::hypot(turned[0], turned[1], turned[2]) / r;
    if (rho > 4) return rho;
    rho += options_.irregularity * (1.3 * shape_.at(p, 1.1 * r + 3) + 0.6 * shape_.at({p[0] + 500, p[1], p[2]}, 0.5 * r + 2));
    // Between the halves there is a wall: tumours cross it through the corpus callosum only.
    if (healthy.has_falx && healthy.lateral_mm * centre_[0] < 0) rho += 0.5 + std::abs(healthy.lateral_mm) / 4;
    return rho;
  }

  std::optional<Part> core(const Vec3& p, double rho, const Anatomy::Place& healthy) const {
    if (healthy.tissue == Tissue::kVentricle && rho > 0.85) return {};
    const double patch = inside_.at(p, 9);
    if (options_.low_grade) return Part{Tissue::kNonEnhancing, level(8 + 7 * inside_.at(p, 14))};
    const double depth_mm = (1 - rho) * options_.radius_mm;
    const double rim = std::max(options_.rim_mm * (1 + 1.1 * spread_.at({p[0], p[1] + 700, p[2]}, 1.2 * options_.radius_mm + 4)), 0.0);
    if (depth_mm > rim) return Part{Tissue::kNecrotic, level(8 + 8 * inside_.at(p, 20))};
    if (inside_.at({p[0] + 300, p[1], p[2]}, 13) > 0.42) return Part{Tissue::kNonEnhancing, level(8 + 5 * patch)};
    return Part{Tissue::kEnhancing, level(8.5 + 8 * patch)};
  }

  std::optional<Part> oedema(const Vec3& p, double outside_mm, Tissue healthy) const {
    const double reach = options_.oedema_reach_mm * (1 + 1.5 * spread_.at(p, 24) + 0.4 * spread_.at(p, 9));
    const bool white = healthy == Tissue::kWhiteMatter || healthy == Tissue::kHyperintensity;
    const double limit = white ? reach : healthy == Tissue::kGreyMatter ? 0.25 * reach - 1 : 0;
    if (outside_mm >= limit) return {};
    return Part{Tissue::kOedema, level(14 - 9 * outside_mm / std::max(reach, 1.0) + 3 * inside_.at(p, 10))};
  }

  TumourOptions options_;
  SmoothNoise shape_, inside_, spread_;
  Vec3 centre_{};
  Vec3 stretch_{};
  double cosine_ = 1, sine_ = 0;
  bool found_ = false;
};

Label truth_of(Tissue tissue) {
  switch (tissue) {
    case Tissue::kNecrotic:
    case Tissue::kNonEnhancing: return 1;
    case Tissue::kOedema: return 2;
    case Tissue::kEnhancing: return 3;
    default: return 0;
  }
}

Geometry drawing_grid(double spacing_mm) {
  Geometry grid;
  for (std::size_t i = 0; i < 3; ++i) {
    grid.size[i] = static_cast<std::size_t>(std::ceil(kExtentMm[i] / spacing_mm));
    grid.spacing_mm[i] = spacing_mm;
    grid.origin_mm[i] = -0.5 * spacing_mm * (static_cast<double>(grid.size[i]) - 1);
  }
  return grid;
}

Head draw(const HeadOptions& options, const Anatomy& anatomy, const Tumour* tumour, const SmoothNoise& texture) {
  Head head;
  const Geometry grid = drawing_grid(options.spacing_mm);
  const std::size_t count = voxel_count(grid);
  head.tissues = {grid, std::vector<Label>(count)};
  head.truth = {grid, std::vector<Label>(count)};
  head.condition.assign(count, kConditionLevels / 2);
  std::size_t offset = 0;
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    for (std::size_t j = 0; j < grid.size[1]; ++j)
      for (std::size_t i = 0; i < grid.size[0]; ++i, ++offset) {
        Vec3 scanner;
        const Vec3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
        for (std::size_t a = 0; a < 3; ++a) scanner[a] = grid.origin_mm[a] + grid.spacing_mm[a] * index[a];
        // Far outside of any head: spares most of the air.
        if (std::hypot(scanner[0] / 92, scanner[1] / 112, std::max(scanner[2], -10.0) / 96) > 1) continue;
        const Vec3 p = anatomy.to_standard(scanner);
        Anatomy::Place place = anatomy.at(p);
        if (place.tissue == Tissue::kAir) continue;
        int condition = level(8 + 5 * texture.at(p, 26) + 2.5 * texture.at(p, 7));
        if (tumour != nullptr && place.brain_depth_mm > 0) {
          place = anatomy.at(tumour->before_growth(p, place.brain_depth_mm));
          if (const auto part = tumour->at(p, place)) {
            place.tissue = part->tissue;
            condition = part->condition;
          }
        }
        head.tissues.labels[offset] = static_cast<Label>(place.tissue);
        head.truth.labels[offset] = truth_of(place.tissue);
        head.condition[offset] = static_cast<std::uint8_t>(condition);
      }
  return head;
}

/// Volume in ml of one label.
double label_ml(const Head& head, Label label) {
  const Vec3& s = head.truth.geometry.spacing_mm;
  return static_cast<double>(std::count(head.truth.labels.begin(), head.truth.labels.end(), label)) * s[0] * s[1] * s[2] / 1000;
}

}  // namespace

std::string_view to_string(Tissue tissue) {
  constexpr std::array<std::string_view, kTissueCount> kNames{
      "air", "scalp fat", "muscle", "skull", "marrow", "CSF", "grey matter", "white matter", "ventricle", "vessel", "hyperintensity",
      "eye", "necrotic", "non-enhancing", "oedema", "enhancing"};
  return kNames[static_cast<std::size_t>(tissue)];
}

bool is_brain(Tissue tissue) {
  switch (tissue) {
    case Tissue::kGreyMatter:
    case Tissue::kWhiteMatter:
    case Tissue::kVentricle:
    case Tissue::kHyperintensity:
    case Tissue::kNecrotic:
    case Tissue::kNonEnhancing:
    case Tissue::kOedema:
    case Tissue::kEnhancing: return true;
    default: return false;
  }
}

Head make_head(const HeadOptions& options, Rng& rng) {
  validate(options);
  const Rng patient(rng.next());
  const Anatomy anatomy(options, patient.fork("anatomy"));
  const SmoothNoise texture(patient.fork("texture"));
  if (!options.tumour.present) return draw(options, anatomy, nullptr, texture);
  // A thin rim may leave nothing that enhances: such a draw is not the high-grade tumour that was asked for.
  const double smallest_ml = std::min(0.25, 0.02 * std::pow(options.tumour.radius_mm / 5, 3));
  for (std::uint64_t attempt = 0; attempt < 12; ++attempt) {
    const Tumour tumour(options.tumour, anatomy, patient.fork("tumour").fork(attempt));
    if (!tumour.found()) continue;
    Head head = draw(options, anatomy, &tumour, texture);
    if (label_ml(head, options.tumour.low_grade ? 1 : 3) >= smallest_ml) return head;
  }
  throw Error(ErrorCode::kUnexpected, "head: no place for a tumour of radius " + std::to_string(options.tumour.radius_mm) +
                                          " mm was found; make tumour.radius_mm smaller");
}

}  // namespace consilium::imaging
