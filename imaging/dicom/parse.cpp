#include "imaging/dicom/parse.h"

#include <dcmtk/dcmdata/dcistrmb.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

/// Headers of most files fit; Siemens' private ones have up to 200 KB.
constexpr std::size_t kFirstWindow = 1 << 18;
constexpr std::size_t kSecondWindow = 1 << 22;
constexpr std::size_t kLongestFile = std::size_t{2} << 30;
constexpr std::string_view kDeflated = "1.2.840.10008.1.2.1.99";

/// DCMTK logs what it stumbles on, with values: that may name a patient. Its switches belong to the process.
void set_up_dcmtk() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    dcmEnableUnknownVRConversion.set(OFTrue);  // archives that knew fewer tags than we do wrote them as UN
  });
}

std::string read_window(const fs::path& file, std::size_t bytes) {
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), ErrorCode::kNotFound, file.string() + ": cannot be opened");
  std::string window(bytes, '\0');
  stream.read(window.data(), static_cast<std::streamsize>(bytes));
  window.resize(static_cast<std::size_t>(stream.gcount()));
  return window;
}

std::size_t count_of(std::string_view bytes, std::string_view pattern) {
  std::size_t count = 0;
  for (std::size_t at = bytes.find(pattern); at != std::string_view::npos; at = bytes.find(pattern, at + pattern.size())) ++count;
  return count;
}

/// Item tags (FFFE,E000) in either byte order: an upper bound of the depth of nesting that cannot be fooled.
std::size_t count_items(std::string_view bytes) {
  return std::max(count_of(bytes, std::string_view("\xfe\xff\x00\xe0", 4)),
                  count_of(bytes, std::string_view("\xff\xfe\xe0\x00", 4)));
}

/// SOP Class UID by its bytes, of a file that is not parsed.
std::string find_sop_class(std::string_view bytes) {
  const std::size_t at = bytes.find("1.2.840.10008.5.1.4.1.1.");
  if (at == std::string_view::npos) return "?";
  const std::size_t end = bytes.find_first_not_of("0123456789.", at);
  return std::string(bytes.substr(at, std::min<std::size_t>(end - at, 64)));
}

/// The deflated part follows the meta header, whose length stands at a fixed place.
std::string inflated(std::string_view bytes, const fs::path& file) {
  constexpr std::size_t kMetaStart = 144, kLengthAt = 140;
  require(bytes.size() > kMetaStart, ErrorCode::kCorruptData, file.string() + ": ends within its meta header");
  std::size_t length = 0;
  for (int n = 3; n >= 0; --n) length = length << 8 | static_cast<unsigned char>(bytes[kLengthAt + static_cast<std::size_t>(n)]);
  require(length < bytes.size() - kMetaStart, ErrorCode::kCorruptData, file.string() + ": ends within its meta header");
  const std::string_view packed = bytes.substr(kMetaStart + length);
  std::string plain;
  z_stream stream{};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, ErrorCode::kUnexpected, "zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  char buffer[1 << 16];
  int status = Z_OK;
  while (status == Z_OK && plain.size() < kLongestFile) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  return plain;
}

bool is_deflated(std::string_view bytes) {
  const std::size_t at = bytes.substr(0, 1024).find(kDeflated);
  return at != std::string_view::npos;
}

struct Attempt {
  ParsedDicom parsed;
  OFCondition status;
};

Attempt parse(const std::string& bytes, bool whole, DicomPart part) {
  DcmInputBufferStream stream;
  stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  // Without an end the parser asks for more instead of calling the file damaged.
  if (whole) stream.setEos();
  Attempt result{{std::make_unique<DcmFileFormat>()}, EC_Normal};
  DcmFileFormat& format = *result.parsed.format;
  format.transferInit();
  const DcmTagKey until = part == DicomPart::kHeader ? DCM_PixelData : DCM_UndefinedTagKey;
  result.status = format.readUntilTag(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength, until);
  format.transferEnd();
  result.parsed.has_pixels = part == DicomPart::kHeader ? stream.avail() > 0 : format.getDataset()->tagExists(DCM_PixelData);
  return result;
}

ParsedDicom crowded(std::string_view bytes) { return {std::make_unique<DcmFileFormat>(), false, find_sop_class(bytes)}; }

}  // namespace

ParsedDicom parse_dicom(const fs::path& file, DicomPart part) {
  set_up_dcmtk();
  std::error_code status;
  require(fs::is_regular_file(file, status), ErrorCode::kNotFound, file.string() + ": no such file");
  const std::size_t length = fs::file_size(file, status);
  require(!status && length <= kLongestFile, ErrorCode::kUnsupported, file.string() + ": longer than 2 GiB");
  for (const std::size_t window : {kFirstWindow, kSecondWindow, kLongestFile}) {
    const std::size_t wanted = part == DicomPart::kAll ? length : std::min(window, length);
    std::string bytes = read_window(file, wanted);
    const bool whole = wanted == length;
    if (count_items(bytes) > kMostItems) return crowded(bytes);
    if (is_deflated(bytes))
      if (const std::string plain = inflated(bytes, file); count_items(plain) > kMostItems) return crowded(plain);
    Attempt attempt = parse(bytes, whole, part);
    if (attempt.status.good() || attempt.status == EC_EndOfStream) return std::move(attempt.parsed);
    if (!whole && attempt.status == EC_StreamNotifyClient) continue;
    throw Error(ErrorCode::kCorruptData, file.string() + ": damaged or cut short (" + attempt.status.text() + ")");
  }
  throw Error(ErrorCode::kCorruptData, file.string() + ": the header does not end");
}

std::string sop_class_name(const std::string& uid) {
  const char* name = dcmFindNameOfUID(uid.c_str());
  std::string text = name != nullptr ? name : "SOP class " + uid;
  const auto is_upper = [&](std::size_t n) { return n < text.size() && std::isupper(static_cast<unsigned char>(text[n])) != 0; };
  const auto is_lower = [&](std::size_t n) { return n < text.size() && std::islower(static_cast<unsigned char>(text[n])) != 0; };
  for (std::size_t n = 1; n < text.size(); ++n)  // "EnhancedMRImageStorage"
    if (is_upper(n) && (is_lower(n - 1) || (is_upper(n - 1) && is_lower(n + 1)))) text.insert(n++, " ");
  return text;
}

}  // namespace consilium::imaging
