#include "imaging/dicom/jpeg2000.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace consilium::imaging {
namespace {

struct Input {
  std::string_view bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* target, OPJ_SIZE_T count, void* user) {
  auto& input = *static_cast<Input*>(user);
  const std::size_t got = std::min<std::size_t>(count, input.bytes.size() - input.at);
  if (got == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(target, input.bytes.data() + input.at, got);
  input.at += got;
  return got;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
  auto& input = *static_cast<Input*>(user);
  if (count < 0) return -1;
  input.at += std::min<std::size_t>(static_cast<std::size_t>(count), input.bytes.size() - input.at);
  return count;
}

OPJ_BOOL seek_to(OPJ_OFF_T place, void* user) {
  auto& input = *static_cast<Input*>(user);
  if (place < 0 || static_cast<std::size_t>(place) > input.bytes.size()) return OPJ_FALSE;
  input.at = static_cast<std::size_t>(place);
  return OPJ_TRUE;
}

// Streams and codecs are both void to OpenJPEG.
struct CloseStream {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct CloseCodec {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct CloseImage {
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};
using Stream = std::unique_ptr<opj_stream_t, CloseStream>;
using Codec = std::unique_ptr<opj_codec_t, CloseCodec>;
using Image = std::unique_ptr<opj_image_t, CloseImage>;

Stream open(Input& input) {
  Stream stream(opj_stream_default_create(OPJ_TRUE));
  opj_stream_set_user_data(stream.get(), &input, nullptr);
  opj_stream_set_user_data_length(stream.get(), input.bytes.size());
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  return stream;
}

/// Whether a tile of the codestream is not absurdly small: each costs the decoder memory.
bool is_sane(opj_codec_t* codec) {
  opj_codestream_info_v2_t* info = opj_get_cstr_info(codec);
  if (info == nullptr) return false;
  const bool sane = static_cast<std::uint64_t>(info->tw) * info->th <= 65535 && info->nbcomps <= 4;
  opj_destroy_cstr_info(&info);
  return sane;
}

Image decode(const DicomHeader& h, std::string_view bytes) {
  const std::string name = h.file.string() + ": JPEG 2000 pixels ";
  Input input{bytes};
  const bool has_boxes = bytes.starts_with(std::string_view("\x00\x00\x00\x0cjP  ", 8));
  const Codec codec(opj_create_decompress(has_boxes ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  const Stream stream = open(input);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  require(codec && stream && opj_setup_decoder(codec.get(), &parameters) != 0, ErrorCode::kUnexpected, "OpenJPEG cannot start");
  // A stream that ends early must not become a picture that is partly grey.
  opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE);
  opj_image_t* found = nullptr;
  const bool has_header = opj_read_header(stream.get(), codec.get(), &found) != 0;
  Image image(found);
  require(has_header && image && is_sane(codec.get()), ErrorCode::kCorruptData, name + "are damaged");
  require(image->numcomps == static_cast<OPJ_UINT32>(h.samples_per_pixel), ErrorCode::kCorruptData,
          name + "have " + std::to_string(image->numcomps) + " components, the header says " + std::to_string(h.samples_per_pixel));
  for (OPJ_UINT32 c = 0; c < image->numcomps; ++c)
    require(image->x1 - image->x0 == static_cast<OPJ_UINT32>(h.stored_columns) &&
                image->y1 - image->y0 == static_cast<OPJ_UINT32>(h.stored_rows) && image->comps[c].dx == 1 && image->comps[c].dy == 1,
            ErrorCode::kCorruptData, name + "are of another size than the header says");
  require(opj_decode(codec.get(), stream.get(), image.get()) != 0, ErrorCode::kCorruptData, name + "are damaged or cut short");
  return image;
}

}  // namespace

void decode_jpeg2000(const DicomHeader& h, std::string_view codestream, std::span<char> cells) {
  const Image image = decode(h, codestream);
  const std::size_t pixels = static_cast<std::size_t>(h.stored_rows) * static_cast<std::size_t>(h.stored_columns);
  const std::size_t samples = image->numcomps, bytes = static_cast<std::size_t>(h.bits_allocated / 8);
  for (std::size_t c = 0; c < samples; ++c) {
    const opj_image_comp_t& component = image->comps[c];
    require(component.data != nullptr && static_cast<std::size_t>(component.w) * component.h == pixels && component.prec <= 32,
            ErrorCode::kCorruptData, h.file.string() + ": JPEG 2000 pixels are damaged");
    const bool extend = component.sgnd == 0 && h.is_signed && component.prec < 32;
    const std::int64_t half = std::int64_t{1} << (component.prec - 1);
    for (std::size_t n = 0; n < pixels; ++n) {
      std::int64_t value = component.data[n];
      if (extend && value >= half) value -= 2 * half;
      // Little endian: the first bytes are the low ones.
      const auto cell = static_cast<std::uint32_t>(value);
      std::memcpy(cells.data() + (n * samples + c) * bytes, &cell, bytes);
    }
  }
}

}  // namespace consilium::imaging
