#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// Row by row from the top left, three bytes (red, green, blue) per pixel.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

struct OverlayOptions {
  int height = 320;               ///< pixels; the width follows from the voxels' shape
  double low_percentile = 1;      ///< shown black
  double high_percentile = 99.5;  ///< shown white
  double fill_opacity = 0.45;     ///< of predicted labels
};

/// The axial slice (index along z of the image turned to LPS) with most labelled voxels; the middle one when there is none.
std::size_t best_axial_slice(const LabelMap& labels);

/// One axial slice, grey, in radiological view (the patient's right on the left), pixels square in mm. Predicted labels are filled with their colour,
/// reference regions outlined in white: whole tumour by a thick line, enhancing part (label 3) by a thin one. Either may be null.
/// @throws Error{kMismatch} labels on another grid; Error{kNotFound} no such slice.
Picture render_axial(const Volume& image, const LabelMap* prediction, const LabelMap* reference, std::size_t slice, const OverlayOptions& options = {});

/// Colour of a label, "#rrggbb": Okabe and Ito's palette, told apart by colour-blind eyes too.
std::string label_colour(Label label);

std::string encode_png(const Picture& picture);

}  // namespace consilium::imaging
