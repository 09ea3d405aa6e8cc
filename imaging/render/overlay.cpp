#include "imaging/render/overlay.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/error.h"
#include "imaging/ops/orient.h"

namespace consilium::imaging {
namespace {

constexpr std::uint8_t kColours[][3] = {
    {0, 0, 0}, {213, 94, 0}, {0, 158, 115}, {240, 228, 66}};  // vermilion, bluish green, yellow

const std::uint8_t* colour_of(Label label) { return kColours[label > 3 ? 1 : label]; }

struct Window {
  float low, high;
};

Window window_of(const std::vector<float>& voxels, const OverlayOptions& options) {
  std::vector<float> finite;
  std::copy_if(voxels.begin(), voxels.end(), std::back_inserter(finite), [](float value) { return std::isfinite(value); });
  if (finite.empty()) return {0, 1};
  const auto at = [&](double percentile) {
    const auto n = static_cast<std::ptrdiff_t>(percentile / 100 * static_cast<double>(finite.size() - 1));
    std::nth_element(finite.begin(), finite.begin() + n, finite.end());
    return finite[static_cast<std::size_t>(n)];
  };
  const float low = at(options.low_percentile), high = at(options.high_percentile);
  return {low, high > low ? high : low + 1};
}

/// Of the picture of an LPS grid, where columns run to the patient's left and rows to the back: the radiological view.
cv::Size picture_size(const Geometry& lps, std::size_t slice, const OverlayOptions& options) {
  require(options.height >= 1 && options.height <= 4096, ErrorCode::kUsage, "overlay: height must lie between 1 and 4096 pixels");
  require(slice < lps.size[2], ErrorCode::kNotFound,
          "overlay: no slice " + std::to_string(slice) + ", the image has " + std::to_string(lps.size[2]));
  const double pixels_per_mm = options.height / (static_cast<double>(lps.size[1]) * lps.spacing_mm[1]);
  const double width = static_cast<double>(lps.size[0]) * lps.spacing_mm[0] * pixels_per_mm;
  return {static_cast<int>(std::lround(std::clamp(width, 1.0, 8192.0))), options.height};
}

/// A slice as OpenCV has it, `value` of each voxel's offset, enlarged to the picture's size.
template <typename Value>
cv::Mat slice_of(const Size3& n, std::size_t slice, const cv::Size& size, int interpolation, Value value) {
  cv::Mat small(static_cast<int>(n[1]), static_cast<int>(n[0]), CV_8U), large;
  for (std::size_t j = 0; j < n[1]; ++j)
    for (std::size_t i = 0; i < n[0]; ++i)
      small.at<std::uint8_t>(static_cast<int>(j), static_cast<int>(i)) = value(offset_of(n, i, j, slice));
  cv::resize(small, large, size, 0, 0, interpolation);
  return large;
}

template <typename Inside>
cv::Mat mask_of(const LabelMap& lps, std::size_t slice, const cv::Size& size, Inside inside) {
  return slice_of(lps.geometry.size, slice, size, cv::INTER_NEAREST,
                  [&](std::size_t offset) { return static_cast<std::uint8_t>(inside(lps.labels[offset]) ? 255 : 0); });
}

void outline(cv::Mat& canvas, const cv::Mat& mask, int thickness) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_LIST, cv::CHAIN_APPROX_NONE);
  // A dark edge first, so that white shows on white.
  cv::drawContours(canvas, contours, -1, cv::Scalar(0, 0, 0, 150), thickness + 2);
  cv::drawContours(canvas, contours, -1, cv::Scalar(255, 255, 255, 255), thickness);
}

Picture to_picture(const cv::Mat& mat) {
  Picture picture{mat.cols, mat.rows, mat.channels(), {}};
  picture.bytes.assign(mat.datastart, mat.dataend);
  return picture;
}

}  // namespace

std::string label_colour(Label label) {
  const std::uint8_t* c = colour_of(label);
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", c[0], c[1], c[2]);
  return text;
}

std::size_t best_axial_slice(const LabelMap& labels) {
  const LabelMap lps = orient(labels, "LPS");
  const Size3& n = lps.geometry.size;
  const auto area = static_cast<std::ptrdiff_t>(n[0] * n[1]);
  std::size_t best = n[2] / 2;
  std::ptrdiff_t most = 0;
  for (std::size_t k = 0; k < n[2]; ++k) {
    const auto first = lps.labels.begin() + area * static_cast<std::ptrdiff_t>(k);
    const std::ptrdiff_t labelled = area - std::count(first, first + area, Label{0});
    if (labelled > most) most = labelled, best = k;
  }
  return best;
}

Picture render_grey(const Volume& image, std::size_t slice, const OverlayOptions& options) {
  const Volume lps = orient(image, "LPS");
  const cv::Size size = picture_size(lps.geometry, slice, options);
  const Window window = window_of(lps.voxels, options);
  return to_picture(slice_of(lps.geometry.size, slice, size, cv::INTER_LINEAR, [&](std::size_t offset) {
    const float value = (lps.voxels[offset] - window.low) / (window.high - window.low);
    return static_cast<std::uint8_t>(std::lround(255 * std::clamp(std::isfinite(value) ? value : 0.0F, 0.0F, 1.0F)));
  }));
}

Picture render_fill(const LabelMap& prediction, std::size_t slice, const OverlayOptions& options) {
  const LabelMap lps = orient(prediction, "LPS");
  const cv::Size size = picture_size(lps.geometry, slice, options);
  cv::Mat canvas(size, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  const double opacity = std::round(255 * std::clamp(options.fill_opacity, 0.0, 1.0));
  const auto area = static_cast<std::ptrdiff_t>(lps.geometry.size[0] * lps.geometry.size[1]);
  const auto first = lps.labels.begin() + area * static_cast<std::ptrdiff_t>(slice);
  std::set<Label> present(first, first + area);
  present.erase(Label{0});
  for (const Label label : present) {
    const std::uint8_t* c = colour_of(label);
    canvas.setTo(cv::Scalar(c[0], c[1], c[2], opacity), mask_of(lps, slice, size, [&](Label l) { return l == label; }));
  }
  return to_picture(canvas);
}

Picture render_outline(const LabelMap& reference, std::size_t slice, const OverlayOptions& options) {
  const LabelMap lps = orient(reference, "LPS");
  const cv::Size size = picture_size(lps.geometry, slice, options);
  cv::Mat canvas(size, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  outline(canvas, mask_of(lps, slice, size, [](Label l) { return l != 0; }), 2);
  const Label inner = options.inner_label;
  if (inner != 0) outline(canvas, mask_of(lps, slice, size, [&](Label l) { return l == inner; }), 1);
  return to_picture(canvas);
}

Picture render_axial(const Volume& image, const LabelMap* prediction, const LabelMap* reference, std::size_t slice,
                     const OverlayOptions& options) {
  for (const LabelMap* labels : {prediction, reference})
    require(labels == nullptr || same_grid(labels->geometry, image.geometry, 0.1), ErrorCode::kMismatch,
            "overlay: image and labels lie on different grids");
  Picture picture = render_grey(image, slice, options);
  if (prediction != nullptr) picture = lay_upon(picture, render_fill(*prediction, slice, options));
  if (reference != nullptr) picture = lay_upon(picture, render_outline(*reference, slice, options));
  return picture;
}

}  // namespace consilium::imaging
