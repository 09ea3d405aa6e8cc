#include "imaging/phantom/mr_contrast.h"

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace consilium::imaging {
namespace {

struct Row {
  double proton_density, t1_low, t1_high, t2_low, t2_high, t2_star_share, fat;
};

// One row per Tissue, in its order: PD; T1 at 1.5 and 3 T; T2 at 1.5 and 3 T; T2*/T2; fat share.
constexpr std::array<Row, kTissueCount> kRows{{
    {0.00, 1, 1, 1, 1, 1.0, 0},                       // air
    {0.90, 350, 382, 70, 68, 0.60, 1.0},              // scalp fat
    {0.80, 900, 1300, 47, 42, 0.70, 0},               // muscle
    {0.06, 300, 350, 4, 3, 0.30, 0},                  // cortical bone
    {0.42, 400, 450, 60, 55, 0.30, 0.75},             // marrow
    {1.00, 3800, 4160, 800, 700, 0.60, 0},            // CSF
    {0.86, 950, 1331, 95, 88, 0.75, 0},               // grey matter
    {0.73, 600, 832, 78, 72, 0.72, 0},                // white matter
    {1.00, 3800, 4160, 1000, 850, 0.70, 0},           // ventricle
    {0.50, 1400, 1650, 60, 50, 0.60, 0},              // vessel: flowing blood loses most of its signal
    {0.82, 860, 1150, 150, 135, 0.75, 0},             // hyperintensity
    {1.00, 3400, 3700, 600, 500, 0.70, 0},            // eye
    {0.96, 2000, 2500, 280, 255, 0.60, 0},            // necrotic
    {0.90, 1150, 1450, 150, 135, 0.75, 0},            // non-enhancing tumour
    {0.94, 1250, 1600, 185, 165, 0.75, 0},            // oedema, full water content
    {0.88, 1050, 1350, 118, 105, 0.65, 0},            // enhancing tumour
}};

bool is_high_field(double field_tesla) {
  require(field_tesla == 1.5 || field_tesla == 3.0, ErrorCode::kUnsupported,
          "field strength " + std::to_string(field_tesla) + " T: the phantom has tissue tables for 1.5 and 3 T");
  return field_tesla == 3.0;
}

MrTissue from_row(Tissue tissue, bool high_field) {
  const Row& row = kRows[static_cast<std::size_t>(tissue)];
  const double t2 = high_field ? row.t2_high : row.t2_low;
  return {row.proton_density, high_field ? row.t1_high : row.t1_low, t2, t2 * row.t2_star_share, row.fat};
}

double mixed(double a, double b, double share_of_b) { return a + share_of_b * (b - a); }

}  // namespace

MrTissue mr_tissue(Tissue tissue, double field_tesla, int condition) {
  const bool high_field = is_high_field(field_tesla);
  MrTissue result = from_row(tissue, high_field);
  const double deviation = (condition - kConditionLevels / 2) / (kConditionLevels / 2.0);
  if (tissue == Tissue::kOedema) {
    const MrTissue white = from_row(Tissue::kWhiteMatter, high_field);
    const double water = 0.4 + 0.6 * condition / (kConditionLevels - 1.0);
    return {mixed(white.proton_density, result.proton_density, water), mixed(white.t1_ms, result.t1_ms, water),
            mixed(white.t2_ms, result.t2_ms, water), mixed(white.t2_star_ms, result.t2_star_ms, water), 0};
  }
  // Necrosis ranges from watery to proteinaceous; other tissues vary little.
  const double spread = tissue == Tissue::kNecrotic ? 0.3 : tissue == Tissue::kNonEnhancing ? 0.15 : 0.05;
  result.t1_ms *= 1 + spread * deviation;
  result.t2_ms *= 1 + spread * deviation;
  result.t2_star_ms *= 1 + spread * deviation;
  return result;
}

void validate(const MrSequence& s) {
  const auto finite_positive = [](double value) { return std::isfinite(value) && value > 0; };
  require(finite_positive(s.tr_ms) && finite_positive(s.te_ms) && s.te_ms < s.tr_ms, ErrorCode::kUsage,
          "MR sequence: expected 0 < te_ms < tr_ms, found te_ms " + std::to_string(s.te_ms) + ", tr_ms " + std::to_string(s.tr_ms));
  require(s.kind != MrKind::kInversionRecovery || (finite_positive(s.ti_ms) && s.ti_ms < s.tr_ms), ErrorCode::kUsage,
          "MR sequence: expected 0 < ti_ms < tr_ms, found " + std::to_string(s.ti_ms));
  require(s.kind != MrKind::kSpoiledGradientEcho || (s.flip_degrees > 0 && s.flip_degrees < 180), ErrorCode::kUsage,
          "MR sequence: expected a flip angle in (0, 180) degrees, found " + std::to_string(s.flip_degrees));
  require(s.fat_suppression >= 0 && s.fat_suppression <= 1, ErrorCode::kUsage,
          "MR sequence: expected fat_suppression in [0, 1], found " + std::to_string(s.fat_suppression));
}

double spin_echo_signal(const MrTissue& t, double tr_ms, double te_ms) {
  return t.proton_density * (1 - 2 * std::exp(-(tr_ms - te_ms / 2) / t.t1_ms) + std::exp(-tr_ms / t.t1_ms)) *
         std::exp(-te_ms / t.t2_ms);
}

double spoiled_gradient_echo_signal(const MrTissue& t, double tr_ms, double te_ms, double flip_degrees) {
  const double flip = flip_degrees * std::numbers::pi / 180;
  const double e1 = std::exp(-tr_ms / t.t1_ms);
  return t.proton_density * std::sin(flip) * (1 - e1) / (1 - std::cos(flip) * e1) * std::exp(-te_ms / t.t2_star_ms);
}

double inversion_recovery_signal(const MrTissue& t, double tr_ms, double te_ms, double ti_ms) {
  return std::abs(t.proton_density * (1 - 2 * std::exp(-ti_ms / t.t1_ms) + std::exp(-tr_ms / t.t1_ms)) * std::exp(-te_ms / t.t2_ms));
}

double nulling_ti_ms(double t1_ms, double tr_ms) { return t1_ms * (std::log(2.0) - std::log1p(std::exp(-tr_ms / t1_ms))); }

double agent_uptake_mm(Tissue tissue, int condition) {
  switch (tissue) {
    case Tissue::kEnhancing: return 0.25 + 0.75 * condition / (kConditionLevels - 1.0);
    case Tissue::kVessel: return 1.5;
    case Tissue::kScalpFat: return 0.02;
    case Tissue::kMuscle: return 0.15;
    case Tissue::kMarrow: return 0.05;
    case Tissue::kNecrotic: return 0.02;
    case Tissue::kGreyMatter: return 0.03;   // blood volume
    case Tissue::kWhiteMatter: return 0.015;
    default: return 0;
  }
}

MrTissue with_agent(MrTissue tissue, double agent_mm, double field_tesla) {
  const bool high_field = is_high_field(field_tesla);
  const double r1 = (high_field ? 5.0 : 5.2) * 1e-3, r2 = (high_field ? 7.1 : 6.1) * 1e-3;  // l/(mmol ms)
  tissue.t1_ms = 1 / (1 / tissue.t1_ms + r1 * agent_mm);
  tissue.t2_ms = 1 / (1 / tissue.t2_ms + r2 * agent_mm);
  tissue.t2_star_ms = 1 / (1 / tissue.t2_star_ms + r2 * agent_mm);
  return tissue;
}

double mr_signal(Tissue tissue, int condition, const MrSequence& sequence, double field_tesla, double dose) {
  MrTissue t = mr_tissue(tissue, field_tesla, condition);
  if (dose > 0) t = with_agent(t, dose * agent_uptake_mm(tissue, condition), field_tesla);
  t.proton_density *= 1 - sequence.fat_suppression * t.fat_fraction;
  switch (sequence.kind) {
    case MrKind::kSpinEcho: return spin_echo_signal(t, sequence.tr_ms, sequence.te_ms);
    case MrKind::kSpoiledGradientEcho: return spoiled_gradient_echo_signal(t, sequence.tr_ms, sequence.te_ms, sequence.flip_degrees);
    case MrKind::kInversionRecovery: return inversion_recovery_signal(t, sequence.tr_ms, sequence.te_ms, sequence.ti_ms);
  }
  throw Error(ErrorCode::kUnexpected, "MR sequence of an unknown kind");
}

}  // namespace consilium::imaging
