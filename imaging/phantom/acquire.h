#pragma once

#include "base/rng.h"
#include "imaging/phantom/head.h"
#include "imaging/phantom/mr_contrast.h"
#include "imaging/volume.h"

namespace consilium::imaging {

enum class PhantomModality { kMr, kCt, kPet };
enum class SliceOrientation { kAxial, kSagittal, kCoronal };

/// How one image is taken. Fields that a modality does not know are ignored.
struct Acquisition {
  PhantomModality modality = PhantomModality::kMr;
  Geometry grid;                    ///< voxels to acquire; each is the mean of the anatomy inside it
  MrSequence sequence;              ///< MR
  double field_tesla = 3;           ///< MR: 1.5 or 3
  double dose = 0;                  ///< contrast agent, in usual doses; MR and CT
  double snr = 40;                  ///< MR: white matter signal over the noise of one channel; PET: counts, mean over spread at SUV 1
  double noise_hu = 6;              ///< CT: standard deviation
  double bias = 0.2;                ///< MR: relative peak-to-mean strength of the coil's shading, 0..1
  double gain = 1000;               ///< MR: value given to white matter before shading; the scanner's arbitrary scale
  double motion = 0;                ///< MR: relative strength of ghosts along the phase axis, 0..0.5
  double psf_fwhm_mm = 6;           ///< PET
};

/// @throws Error{kUsage} a field outside the range given above.
void validate(const Acquisition& acquisition);

/// Image of a head: MR in arbitrary units (> 0, Rician noise), CT in HU, PET in SUV g/ml.
/// Partial volume: every voxel averages samples of the head's fine grid inside it. `rng` is advanced.
Volume acquire(const Head& head, const Acquisition& acquisition, Rng& rng);

/// Ground truth on an acquired grid: tumour where at least half of the voxel is tumour, then the part with the largest share.
LabelMap truth_on_grid(const Head& head, const Geometry& grid);

/// A grid of the given voxels that covers `field_of_view_mm` (width along x, y, z of the patient), centred, tilted about x.
///
/// `spacing_mm` is in-plane column step, in-plane row step, slice step. Axes: axial i=left, j=back, k=head; sagittal i=back, j=foot,
/// k=right; coronal i=left, j=foot, k=back (the usual display orders, all right-handed).
/// @throws Error{kUsage} spacing or field of view not positive, or more than 2^28 voxels.
Geometry acquisition_grid(SliceOrientation orientation, const Vec3& spacing_mm, const Vec3& field_of_view_mm, double oblique_degrees);

}  // namespace consilium::imaging
