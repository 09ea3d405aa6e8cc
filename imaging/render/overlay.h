#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imaging/label_map.h"
#include "imaging/render/picture.h"
#include "imaging/volume.h"

namespace consilium::imaging {

struct OverlayOptions {
  int height = 320;               ///< pixels, 1 to 4096; the width follows from the voxels' shape
  double low_percentile = 1;      ///< of the volume's values, shown black
  double high_percentile = 99.8;  ///< shown white
  double fill_opacity = 0.45;     ///< of predicted labels
  Label inner_label = 3;          ///< outlined a second time, thinner; 0: none
};

// One axial slice, in radiological view (the patient's right on the left, the nose up), pixels square in mm. `slice` counts
// from the feet, in the image turned to LPS. Layers of one case and one height have one size, so that they can be laid upon each
// other.

/// The image, grey. @throws Error{kNotFound} no such slice; Error{kUsage} height out of range.
Picture render_grey(const Volume& image, std::size_t slice, const OverlayOptions& options = {});
/// Labels filled with their colours, transparent elsewhere. @throws as render_grey
Picture render_fill(const LabelMap& prediction, std::size_t slice, const OverlayOptions& options = {});
/// The border of all labels together by a thick white line, of `inner_label` by a thin one; transparent elsewhere. @throws as
/// render_grey
Picture render_outline(const LabelMap& reference, std::size_t slice, const OverlayOptions& options = {});

/// The three laid upon each other; either label map may be null.
/// @throws Error{kMismatch} labels on another grid than the image; as render_grey.
Picture render_axial(const Volume& image, const LabelMap* prediction, const LabelMap* reference, std::size_t slice,
                     const OverlayOptions& options = {});

/// The slice with most labelled voxels, lowest first; the middle one when there is none.
std::size_t best_axial_slice(const LabelMap& labels);

/// Colour of a label, "#rrggbb": Okabe and Ito's palette, told apart by colour-blind eyes too.
std::string label_colour(Label label);

}  // namespace consilium::imaging
