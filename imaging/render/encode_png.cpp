#include <png.h>

#include "base/error.h"
#include "imaging/render/picture.h"

// By libpng alone: OpenCV's reader and writer of images would cost every small program 0.2 s of loading.

namespace consilium::imaging {

std::string encode_png(const Picture& p) {
  require(p.width > 0 && p.height > 0 && (p.channels == 1 || p.channels == 3 || p.channels == 4), ErrorCode::kUsage, "a picture without pixels");
  require(p.bytes.size() == static_cast<std::size_t>(p.width) * static_cast<std::size_t>(p.height) * static_cast<std::size_t>(p.channels), ErrorCode::kUsage, "a picture whose bytes do not fit its size");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(p.width);
  image.height = static_cast<png_uint_32>(p.height);
  image.format = p.channels == 1 ? PNG_FORMAT_GRAY : p.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string png(size, '\0');
  require(png_image_write_to_memory(&image, png.data(), &size, 0, p.bytes.data(), 0, nullptr) != 0, ErrorCode::kUnexpected, std::string("a picture could not be encoded: ") + image.message);
  png.resize(size);
  return png;
}

}  // namespace consilium::imaging
