#include "imaging/render/overlay.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "imaging/ops/orient.h"

namespace consilium::imaging {
namespace {

constexpr std::uint8_t kColours[4][3] = {{0, 0, 0}, {213, 94, 0}, {0, 158, 115}, {240, 228, 66}};  // vermilion, bluish green, yellow

const std::uint8_t* colour_of(Label label) { return kColours[label > 3 ? 1 : label]; }

struct Window {
  float low, high;
};

Window window_of(const std::vector<float>& voxels, const OverlayOptions& options) {
  std::vector<float> sorted;
  for (const float value : voxels)
    if (std::isfinite(value)) sorted.push_back(value);
  if (sorted.empty()) return {0, 1};
  const auto at = [&](double percentile) {
    const auto n = static_cast<std::ptrdiff_t>(percentile / 100 * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), sorted.begin() + n, sorted.end());
    return sorted[static_cast<std::size_t>(n)];
  };
  const float low = at(options.low_percentile), high = at(options.high_percentile);
  return {low, high > low ? high : low + 1};
}

/// 255 where `inside` says so, at the size of the picture.
template <typename Inside>
cv::Mat mask_of(const LabelMap& labels, std::size_t slice, const cv::Size& size, Inside inside) {
  const Size3& n = labels.geometry.size;
  cv::Mat mask(static_cast<int>(n[1]), static_cast<int>(n[0]), CV_8U);
  for (std::size_t j = 0; j < n[1]; ++j)
    for (std::size_t i = 0; i < n[0]; ++i) mask.at<std::uint8_t>(static_cast<int>(j), static_cast<int>(i)) = inside(labels.labels[offset_of(n, i, j, slice)]) ? 255 : 0;
  cv::Mat large;
  cv::resize(mask, large, size, 0, 0, cv::INTER_NEAREST);
  return large;
}

void outline(cv::Mat& canvas, const cv::Mat& mask, int thickness) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_LIST, cv::CHAIN_APPROX_NONE);
  cv::drawContours(canvas, contours, -1, cv::Scalar(0, 0, 0), thickness + 2, cv::LINE_AA);  // a dark edge, so that white shows on white
  cv::drawContours(canvas, contours, -1, cv::Scalar(255, 255, 255), thickness, cv::LINE_AA);
}

}  // namespace

std::string label_colour(Label label) {
  const std::uint8_t* c = colour_of(label);
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", c[0], c[1], c[2]);
  return text;
}

std::size_t best_axial_slice(const LabelMap& labels) {
  const LabelMap turned = orient(labels, "LPS");
  const Size3& n = turned.geometry.size;
  std::size_t best = n[2] / 2, most = 0;
  for (std::size_t k = 0; k < n[2]; ++k) {
    std::size_t count = 0;
    for (std::size_t v = n[0] * n[1] * k; v < n[0] * n[1] * (k + 1); ++v) count += turned.labels[v] != 0 ? 1 : 0;
    if (count > most) most = count, best = k;
  }
  return best;
}

Picture render_axial(const Volume& image, const LabelMap* prediction, const LabelMap* reference, std::size_t slice, const OverlayOptions& options) {
  for (const LabelMap* labels : {prediction, reference})
    require(labels == nullptr || same_grid(labels->geometry, image.geometry, 0.1), ErrorCode::kMismatch, "overlay: image and labels lie on different grids");
  // LPS: columns run to the patient's left and rows to the back, which is the radiological view.
  const Volume turned = orient(image, "LPS");
  const Size3& n = turned.geometry.size;
  require(slice < n[2], ErrorCode::kNotFound, "overlay: no slice " + std::to_string(slice));
  const Window window = window_of(turned.voxels, options);
  cv::Mat grey(static_cast<int>(n[1]), static_cast<int>(n[0]), CV_8U);
  for (std::size_t j = 0; j < n[1]; ++j)
    for (std::size_t i = 0; i < n[0]; ++i) {
      const float value = (turned.voxels[offset_of(n, i, j, slice)] - window.low) / (window.high - window.low);
      grey.at<std::uint8_t>(static_cast<int>(j), static_cast<int>(i)) = static_cast<std::uint8_t>(255 * std::clamp(std::isfinite(value) ? value : 0.0F, 0.0F, 1.0F));
    }
  const Vec3& mm = turned.geometry.spacing_mm;
  const double pixels_per_mm = options.height / (static_cast<double>(n[1]) * mm[1]);
  const cv::Size size(std::max(1, static_cast<int>(std::lround(static_cast<double>(n[0]) * mm[0] * pixels_per_mm))), options.height);
  cv::Mat large, canvas;
  cv::resize(grey, large, size, 0, 0, cv::INTER_LINEAR);
  cv::cvtColor(large, canvas, cv::COLOR_GRAY2RGB);
  if (prediction != nullptr) {
    const LabelMap labels = orient(*prediction, "LPS");
    for (int label = 1; label < 256; ++label) {
      const auto wanted = static_cast<Label>(label);
      if (std::find(labels.labels.begin(), labels.labels.end(), wanted) == labels.labels.end()) continue;
      const cv::Mat mask = mask_of(labels, slice, size, [&](Label l) { return l == wanted; });
      const std::uint8_t* c = colour_of(wanted);
      cv::Mat coloured = canvas.clone();
      coloured.setTo(cv::Scalar(c[0], c[1], c[2]), mask);
      cv::addWeighted(coloured, options.fill_opacity, canvas, 1 - options.fill_opacity, 0, canvas);
    }
  }
  if (reference != nullptr) {
    const LabelMap labels = orient(*reference, "LPS");
    outline(canvas, mask_of(labels, slice, size, [](Label l) { return l != 0; }), 2);
    outline(canvas, mask_of(labels, slice, size, [](Label l) { return l == 3; }), 1);
  }
  Picture picture{size.width, size.height, {}};
  picture.rgb.assign(canvas.datastart, canvas.dataend);
  return picture;
}

std::string encode_png(const Picture& picture) {
  require(picture.width > 0 && picture.height > 0 && picture.rgb.size() == static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3, ErrorCode::kUsage, "a picture without pixels");
  const cv::Mat rgb(picture.height, picture.width, CV_8UC3, const_cast<std::uint8_t*>(picture.rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  require(cv::imencode(".png", bgr, bytes, {cv::IMWRITE_PNG_COMPRESSION, 9}), ErrorCode::kUnexpected, "a picture could not be encoded");
  return {bytes.begin(), bytes.end()};
}

}  // namespace consilium::imaging
