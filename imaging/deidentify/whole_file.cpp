#include "imaging/deidentify/whole_file.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "imaging/dicom/file_bytes.h"
#include "imaging/dicom/little_endian.h"
#include "imaging/dicom/parse.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

/// More sequence items behind the pixels than any signature needs.
constexpr std::size_t kMostItemsBehindPixels = 500;

std::string read_part(std::ifstream& stream, std::uint64_t at, std::size_t count) {
  std::string bytes(count, '\0');
  stream.clear();
  stream.seekg(static_cast<std::streamoff>(at));
  stream.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return bytes;
}

/// Where the pixels end: of compressed ones, behind the last fragment's delimiter.
std::uint64_t end_of_pixels(std::ifstream& stream, const PixelPlace& pixels, std::uint64_t length) {
  if (!pixels.is_encapsulated) return std::min<std::uint64_t>(pixels.offset + pixels.length, length);
  std::uint64_t at = pixels.offset;
  while (at + 8 <= length) {
    const std::string header = read_part(stream, at, 8);
    if (header.size() < 8) break;
    at += 8;
    if (little_endian(header, 0) == 0xE0DDFFFE) return at;  // (FFFE,E0DD)
    if (little_endian(header, 0) != 0xE000FFFE) break;
    at += little_endian(header, 4);
  }
  return std::min(at, length);
}

/// Item tags in either byte order: an upper bound of the depth of nesting.
std::size_t count_items(std::string_view bytes) {
  std::size_t items = 0;
  for (const std::string_view tag : {std::string_view("\xfe\xff\x00\xe0", 4), std::string_view("\xff\xfe\xe0\x00", 4)})
    for (std::size_t at = 0; (at = bytes.find(tag, at)) != std::string_view::npos; at += 4) ++items;
  return items;
}

/// What stands behind the pixels.
std::string rest_of(const fs::path& file, const ParsedDicom& parsed) {
  const PixelPlace& pixels = parsed.pixels;
  if (parsed.is_deflated) {
    const std::string plain = read_inflated(file);
    return plain.substr(std::min<std::uint64_t>(pixels.offset + pixels.length, plain.size()));
  }
  const std::uint64_t length = fs::file_size(file);
  require(pixels.is_encapsulated || pixels.offset + pixels.length <= length, ErrorCode::kCorruptData, "damaged or cut short: the pixels are not all there");
  std::ifstream stream(file, std::ios::binary);
  const std::uint64_t end = end_of_pixels(stream, pixels, length);
  return read_part(stream, end, static_cast<std::size_t>(length - end));
}

/// parse_dicom has bounded what comes before the pixels; DCMTK parses what comes behind them by recursion as well.
void require_shallow_end(const fs::path& file, const ParsedDicom& parsed) {
  if (parsed.pixels.is_there())
    require(count_items(rest_of(file, parsed)) <= kMostItemsBehindPixels, ErrorCode::kUnsupported, "more sequence items behind the pixels than are read");
}

}  // namespace

std::unique_ptr<DcmFileFormat> read_whole_dicom(const fs::path& file) {
  const ParsedDicom parsed = parse_dicom(file);
  require(!parsed.pixels.is_encapsulated || DcmXfer(parsed.transfer_syntax.c_str()).getXfer() != EXS_Unknown, ErrorCode::kUnsupported,
          "compressed in a way that cannot be written again (transfer syntax " + parsed.transfer_syntax.substr(0, 64) + ")");
  require_shallow_end(file, parsed);
  auto format = std::make_unique<DcmFileFormat>();
  // Long values stay in the file until they are written.
  const OFCondition outcome = format->loadFile(file.c_str());
  require(outcome.good(), ErrorCode::kCorruptData, std::string("damaged or cut short (") + outcome.text() + ")");
  return format;
}

std::string encode_dicom(std::unique_ptr<DcmDataset> data_set, E_TransferSyntax syntax) {
  if (syntax == EXS_Unknown) syntax = data_set->getOriginalXfer() == EXS_Unknown ? EXS_LittleEndianExplicit : data_set->getOriginalXfer();
  DcmFileFormat file(data_set.release(), OFFalse);  // owned by `file` from here on
  return file_bytes_of(file, syntax, EGL_withoutGL);
}

}  // namespace consilium::imaging
