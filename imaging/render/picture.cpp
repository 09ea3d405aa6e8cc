#include "imaging/render/picture.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace consilium::imaging {
namespace {

void require_pixels(const Picture& p) {
  const bool channels = p.channels == 1 || p.channels == 3 || p.channels == 4;
  require(p.width > 0 && p.height > 0 && channels, ErrorCode::kUsage, "a picture without pixels");
  const auto expected =
      static_cast<std::size_t>(p.width) * static_cast<std::size_t>(p.height) * static_cast<std::size_t>(p.channels);
  require(p.bytes.size() == expected, ErrorCode::kUsage, "a picture whose bytes do not fit its size");
}

/// A view: OpenCV asks for a pointer to non-const, and only reads it here.
cv::Mat to_mat(const Picture& p) {
  require_pixels(p);
  return {p.height, p.width, CV_8UC(p.channels), const_cast<std::uint8_t*>(p.bytes.data())};
}

cv::Mat to_rgb(const Picture& p) {
  cv::Mat rgb;
  if (p.channels == 3) return to_mat(p);
  cv::cvtColor(to_mat(p), rgb, p.channels == 1 ? cv::COLOR_GRAY2RGB : cv::COLOR_RGBA2RGB);
  return rgb;
}

Picture to_picture(const cv::Mat& mat) {
  Picture picture{mat.cols, mat.rows, mat.channels(), {}};
  picture.bytes.assign(mat.datastart, mat.dataend);
  return picture;
}

constexpr int kGap = 6, kHead = 26, kSide = 84;  // pixels

void caption(cv::Mat& canvas, const std::string& text, int x, int y) {
  cv::putText(canvas, text, {x, y}, cv::FONT_HERSHEY_SIMPLEX, 0.5, cv::Scalar(40, 40, 40), 1, cv::LINE_AA);
}

}  // namespace

Box content_box(const Picture& grey) {
  require(grey.channels == 1, ErrorCode::kUsage, "the content of a picture is found in grey pictures");
  cv::Mat blurred, bright;
  cv::blur(to_mat(grey), blurred, {5, 5});  // single bright pixels are noise
  const double level = cv::threshold(blurred, bright, 0, 1, cv::THRESH_BINARY | cv::THRESH_OTSU);
  cv::threshold(blurred, bright, level / 2, 1, cv::THRESH_BINARY);
  const cv::Rect found = cv::boundingRect(bright);
  if (found.empty()) return {0, 0, grey.width, grey.height};
  const int side = found.width / 12, top = found.height / 12;
  const cv::Rect kept = cv::Rect(found.x - side, found.y - top, found.width + 2 * side, found.height + 2 * top) &
                        cv::Rect(0, 0, grey.width, grey.height);
  return {kept.x, kept.y, kept.width, kept.height};
}

Picture crop(const Picture& picture, const Box& box) {
  const cv::Mat whole = to_mat(picture);
  const cv::Rect wanted(box.x, box.y, box.width, box.height);
  require(!wanted.empty() && (wanted & cv::Rect(0, 0, whole.cols, whole.rows)) == wanted, ErrorCode::kUsage,
          "a part that reaches outside its picture");
  return to_picture(whole(wanted).clone());
}

Picture lay_upon(const Picture& below, const Picture& above) {
  require(above.channels == 4 && below.width == above.width && below.height == above.height, ErrorCode::kMismatch,
          "pictures laid upon each other need one size, and the upper one opacity");
  require_pixels(above);
  Picture result = to_picture(to_rgb(below).clone());
  for (std::size_t pixel = 0; pixel * 4 < above.bytes.size(); ++pixel) {
    const int opacity = above.bytes[pixel * 4 + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      std::uint8_t& value = result.bytes[pixel * 3 + c];
      value = static_cast<std::uint8_t>((value * (255 - opacity) + above.bytes[pixel * 4 + c] * opacity + 127) / 255);
    }
  }
  return result;
}

Picture draw_montage(const Montage& montage) {
  int width = 0, height = 0;
  std::size_t columns = 0;
  for (const auto& row : montage.pictures)
    for (const Picture& p : row) {
      width = std::max(width, p.width);
      height = std::max(height, p.height);
      columns = std::max(columns, row.size());
    }
  require(columns > 0, ErrorCode::kUsage, "a montage without pictures");
  const auto x_of = [&](std::size_t column) { return kSide + static_cast<int>(column) * (width + kGap); };
  const auto y_of = [&](std::size_t row) { return kHead + static_cast<int>(row) * (height + kGap); };
  cv::Mat canvas(y_of(montage.pictures.size()), x_of(columns), CV_8UC3, cv::Scalar(255, 255, 255));
  for (std::size_t c = 0; c < std::min(columns, montage.columns.size()); ++c)
    caption(canvas, montage.columns[c], x_of(c), kHead - 9);
  for (std::size_t r = 0; r < montage.pictures.size(); ++r) {
    if (r < montage.rows.size()) caption(canvas, montage.rows[r], 6, y_of(r) + 18);
    for (std::size_t c = 0; c < montage.pictures[r].size(); ++c) {
      const Picture& p = montage.pictures[r][c];
      canvas(cv::Rect(x_of(c), y_of(r), width, height)) = cv::Scalar(0, 0, 0);
      if (p.width == 0) continue;
      const cv::Rect place(x_of(c) + (width - p.width) / 2, y_of(r) + (height - p.height) / 2, p.width, p.height);
      to_rgb(p).copyTo(canvas(place));
    }
  }
  return to_picture(canvas);
}

}  // namespace consilium::imaging
