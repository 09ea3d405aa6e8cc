#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace consilium::imaging {

/// Row by row from the top left; per pixel grey (1 channel), red green blue (3), or red green blue opacity (4).
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<std::uint8_t> bytes;

  bool operator==(const Picture&) const = default;
};

struct Box {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Box&) const = default;
};

/// The part of a grey picture that is not dark ground, with a margin of a twelfth; the whole picture when there is none.
/// @throws Error{kUsage} not one channel.
Box content_box(const Picture& grey);

/// @throws Error{kUsage} the box is empty or reaches outside.
Picture crop(const Picture& picture, const Box& box);

/// `above` (4 channels) laid upon `below`; three channels. @throws Error{kMismatch} sizes differ, or `above` has no opacity.
Picture lay_upon(const Picture& below, const Picture& above);

/// Rows of pictures with captions above the columns and before the rows, for documents that hold one picture file.
struct Montage {
  std::vector<std::string> columns;
  std::vector<std::string> rows;
  std::vector<std::vector<Picture>> pictures;  ///< [row][column], any channels
};
/// Each picture in the middle of a black cell, on white ground, three channels; captions in plain ASCII. @throws Error{kUsage} no
/// picture.
Picture draw_montage(const Montage& montage);

/// Same picture, same bytes. @throws Error{kUsage} no pixels, or not 1, 3 or 4 channels.
std::string encode_png(const Picture& picture);

}  // namespace consilium::imaging
