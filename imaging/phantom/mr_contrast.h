#pragma once

#include "imaging/phantom/head.h"

namespace consilium::imaging {

/// What MR sees of a tissue. Times in ms, proton density relative to water.
struct MrTissue {
  double proton_density = 0;
  double t1_ms = 1;
  double t2_ms = 1;
  double t2_star_ms = 1;
  double fat_fraction = 0;  ///< share of the signal that fat suppression removes
};

/// Tissue parameters at 1.5 T or 3 T; `condition` as in Head.
/// @throws Error{kUnsupported} another field strength.
/// Source: 1.5 T: Kwan et al., doi:10.1109/42.816072 (BrainWeb); 3 T: Wansapura et al.,
/// doi:10.1002/(SICI)1522-2586(199904)9:4<531::AID-JMRI4>3.0.CO;2-L, and Stanisz et al., doi:10.1002/mrm.20605; tumour tissues are set
/// between CSF and white matter as glioma relaxometry finds them (Just and Thelen, doi:10.1148/radiology.169.3.3187000).
MrTissue mr_tissue(Tissue tissue, double field_tesla, int condition = kConditionLevels / 2);

enum class MrKind { kSpinEcho, kSpoiledGradientEcho, kInversionRecovery };

struct MrSequence {
  MrKind kind = MrKind::kSpinEcho;
  double tr_ms = 500;
  double te_ms = 15;
  double ti_ms = 0;           ///< inversion recovery only
  double flip_degrees = 90;   ///< spoiled gradient echo only
  double fat_suppression = 0; ///< 0 none, 1 complete
};

/// @throws Error{kUsage} a time or angle that no scanner could play out (TE >= TR, TI >= TR, flip outside (0, 180)).
void validate(const MrSequence& sequence);

/// PD (1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2). Source: Bernstein, King and Zhou, Handbook of MRI Pulse Sequences, 14.3.
double spin_echo_signal(const MrTissue& tissue, double tr_ms, double te_ms);
/// PD sin(a) (1 - E1) / (1 - cos(a) E1) exp(-TE/T2*), E1 = exp(-TR/T1). Source: ibid., 14.1 (Ernst).
double spoiled_gradient_echo_signal(const MrTissue& tissue, double tr_ms, double te_ms, double flip_degrees);
/// |PD (1 - 2 exp(-TI/T1) + exp(-TR/T1)) exp(-TE/T2)|, magnitude image, perfect inversion. Source: ibid., 14.2.
double inversion_recovery_signal(const MrTissue& tissue, double tr_ms, double te_ms, double ti_ms);

/// TI at which a tissue gives no signal: T1 (ln 2 - ln(1 + exp(-TR/T1))).
double nulling_ti_ms(double t1_ms, double tr_ms);

/// Concentration of contrast agent in a tissue per unit of dose (0.1 mmol/kg = 1); 0 behind an intact barrier.
double agent_uptake_mm(Tissue tissue, int condition);
/// Relaxation with `agent_mm` mmol/l of gadolinium: 1/T = 1/T0 + r C; gadobutrol r1 5.2, r2 6.1 at 1.5 T, 5.0, 7.1 at 3 T, l/(mmol s).
/// Source: Rohrer et al., doi:10.1097/01.rli.0000184756.66360.d3.
MrTissue with_agent(MrTissue tissue, double agent_mm, double field_tesla);

/// Signal of one tissue in one sequence; `dose` in units of 0.1 mmol/kg (0: before injection).
double mr_signal(Tissue tissue, int condition, const MrSequence& sequence, double field_tesla, double dose);

}  // namespace consilium::imaging
