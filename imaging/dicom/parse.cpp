#include "imaging/dicom/parse.h"

#include <dcmtk/dcmdata/dcistrmb.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "imaging/dicom/dictionary.h"
#include "imaging/dicom/structure.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

/// Where a file's start does not hold its header: Siemens' private ones (200 KB) fit into the first, enhanced ones into the second.
constexpr std::size_t kWindows[] = {1 << 19, 1 << 24, std::size_t{1} << 33};
constexpr std::size_t kLongestFile = kWindows[2];

/// DCMTK logs what it stumbles on, with values: that may name a patient. Its switches belong to the process.
void set_up_dcmtk() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    load_dictionary();
    dcmEnableUnknownVRConversion.set(OFTrue);  // archives that knew fewer tags than we do wrote them as UN
  });
}

/// Inflates into `target` as far as it reaches, and counts all. Damage ends it early: what came before is kept.
std::uint64_t inflate_into(std::string_view packed, std::span<char> target, std::uint64_t most) {
  z_stream stream{};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, ErrorCode::kUnexpected, "zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string buffer(1 << 16, '\0');
  std::uint64_t count = 0;
  for (int status = Z_OK; status == Z_OK && count <= most;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = buffer.size() - stream.avail_out;
    if (count < target.size()) buffer.copy(target.data() + count, std::min<std::size_t>(got, target.size() - count));
    count += got;
  }
  inflateEnd(&stream);
  return count;
}

/// Everything before the data set, then the data set inflated.
std::string inflated(std::string_view bytes, const FileMeta& meta, const fs::path& file) {
  const std::string_view packed = bytes.substr(std::min(meta.data_set, bytes.size()));
  require(packed.size() < std::size_t{1} << 31, ErrorCode::kUnsupported, file.string() + ": deflated and longer than 2 GiB");
  const std::uint64_t most = 8 * static_cast<std::uint64_t>(bytes.size()) + (48 << 20);
  // Twice: the length is not written anywhere, and memory is taken once it is known.
  const std::uint64_t length = inflate_into(packed, {}, most);
  require(length <= most, ErrorCode::kUnsupported, file.string() + ": inflates to more than " + std::to_string(most) + " bytes");
  std::string plain(bytes.substr(0, bytes.size() - packed.size()));
  plain.resize(plain.size() + length);
  inflate_into(packed, std::span(plain).last(length), length);
  return plain;
}

E_TransferSyntax plain_syntax(DicomEncoding encoding) {
  if (encoding.is_big) return EXS_BigEndianExplicit;
  return encoding.is_explicit ? EXS_LittleEndianExplicit : EXS_LittleEndianImplicit;
}

/// DCMTK stops behind the tag, VR and length of Pixel Data, or where the bytes end.
PixelPlace pixels_before(std::string_view bytes, std::size_t at, DicomEncoding encoding) {
  const std::size_t header = encoding.is_explicit ? 12 : 8;
  if (at < header || at > bytes.size()) return {};
  const std::string_view tag = encoding.is_big ? std::string_view("\x7f\xe0\x00\x10", 4) : std::string_view("\xe0\x7f\x10\x00", 4);
  if (bytes.substr(at - header, 4) != tag) return {};
  std::uint32_t length = 0;
  for (std::size_t n = 0; n < 4; ++n)
    length = length << 8 | static_cast<unsigned char>(bytes[at - 4 + (encoding.is_big ? n : 3 - n)]);
  return {at, length, length == 0xFFFFFFFF};
}

struct Attempt {
  std::unique_ptr<DcmDataset> data_set;
  OFCondition status;
  std::size_t end = 0;
};

Attempt parse(std::string_view bytes, const FileMeta& meta, bool whole) {
  DcmInputBufferStream stream;
  const std::string_view body = bytes.substr(meta.data_set);
  stream.setBuffer(body.data(), static_cast<offile_off_t>(body.size()));
  // Without an end the parser asks for more instead of calling the file damaged.
  if (whole) stream.setEos();
  Attempt result{std::make_unique<DcmDataset>(), EC_Normal};
  result.data_set->transferInit();
  result.status =
      result.data_set->readUntilTag(stream, plain_syntax(meta.encoding), EGL_noChange, DCM_MaxReadLength, DCM_PixelData);
  result.data_set->transferEnd();
  result.end = meta.data_set + static_cast<std::size_t>(stream.tell());
  return result;
}

/// Nothing where the header goes on behind `bytes`, the first ones of the file.
std::optional<ParsedDicom> parse_header(std::string_view bytes, const FileStart& start) {
  const fs::path& file = start.file;
  const FileMeta meta = parse_file_meta(bytes);
  std::uint64_t length = start.length;
  std::string plain;
  if (meta.is_deflated) {
    plain = inflated(read_first_bytes(file, start.length), meta, file);
    bytes = plain, length = plain.size();
  }
  const bool whole = bytes.size() >= length;
  if (!whole && meta.data_set >= bytes.size()) return std::nullopt;
  const std::string_view body = bytes.substr(std::min(meta.data_set, bytes.size()));
  const DicomStructure structure = survey(body, length - std::min<std::uint64_t>(length, meta.data_set), meta.encoding);
  require(structure.nesting <= kDeepestNesting, ErrorCode::kUnsupported,
          file.string() + ": sequences may be nested more than " + std::to_string(kDeepestNesting) + " deep");
  require(!structure.overruns, ErrorCode::kCorruptData,
          file.string() + ": damaged or cut short (an element claims more bytes than there are)");
  Attempt attempt = parse(bytes, meta, whole);
  if (!whole && attempt.status == EC_StreamNotifyClient) return std::nullopt;
  if (!attempt.status.good() && attempt.status != EC_EndOfStream)
    throw Error(ErrorCode::kCorruptData, file.string() + ": damaged or cut short (" + attempt.status.text() + ")");
  const PixelPlace pixels = pixels_before(bytes, attempt.end, meta.encoding);
  const std::string syntax = meta.transfer_syntax.empty() ? DcmXfer(plain_syntax(meta.encoding)).getXferID() : meta.transfer_syntax;
  return ParsedDicom{std::move(attempt.data_set), syntax, meta.sop_class_uid, meta.is_deflated, pixels};
}

}  // namespace

ParsedDicom parse_dicom(const fs::path& file) { return parse_dicom(read_start(file)); }

ParsedDicom parse_dicom(const FileStart& start) {
  set_up_dcmtk();
  require(start.length <= kLongestFile, ErrorCode::kUnsupported, start.file.string() + ": longer than 8 GiB");
  if (auto parsed = parse_header(start.bytes, start)) return std::move(*parsed);
  for (const std::size_t window : kWindows)
    if (auto parsed = parse_header(read_first_bytes(start.file, window), start)) return std::move(*parsed);
  throw Error(ErrorCode::kCorruptData, start.file.string() + ": the header does not end");
}

std::string read_inflated(const fs::path& file) {
  const std::string bytes = read_first_bytes(file, kLongestFile);
  return inflated(bytes, parse_file_meta(bytes), file);
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
