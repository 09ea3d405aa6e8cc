#include "imaging/dicom/load.h"

#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <mutex>
#include <span>
#include <type_traits>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

/// DCMTK keeps its decoders in a registry of the process.
void register_decoders() {
  static std::once_flag once;
  std::call_once(once, [] {
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    DcmRLEDecoderRegistration::registerCodecs();
  });
}

/// Whether pixels come in a form of their own (JPEG, RLE, ...), to be decoded.
bool is_compressed(const std::string& transfer_syntax) {
  return transfer_syntax != UID_LittleEndianImplicitTransferSyntax && transfer_syntax != UID_LittleEndianExplicitTransferSyntax &&
         transfer_syntax != UID_BigEndianExplicitTransferSyntax &&
         transfer_syntax != UID_DeflatedExplicitVRLittleEndianTransferSyntax;
}

/// Stored bits -> value. What lies beside the stored bits is overlay or filling (PS3.5 8.1.1); the sign bit is the highest stored
/// one.
template <typename T>
void convert(std::span<const T> stored, const DicomHeader& h, std::span<float> target) {
  const int above = static_cast<int>(sizeof(T) * 8) - 1 - h.high_bit, beside = static_cast<int>(sizeof(T) * 8) - h.bits_stored;
  using Signed = std::make_signed_t<T>;
  for (std::size_t n = 0; n < target.size(); ++n) {
    const T shifted = static_cast<T>(stored[n] << above);
    const int value = h.is_signed ? static_cast<Signed>(shifted) >> beside : shifted >> beside;
    target[n] = static_cast<float>(h.slope * value + h.intercept);
  }
}

/// The pixels of a slice, uncompressed, in host byte order; at least `count` of them.
template <typename T>
std::span<const T> pixels_of(DcmItem& item, const DicomHeader& h, std::size_t count) {
  const T* stored = nullptr;
  unsigned long found = 0;
  OFCondition status = EC_Normal;
  if constexpr (sizeof(T) == 1) {
    status = item.findAndGetUint8Array(DCM_PixelData, stored, &found);
  } else {
    status = item.findAndGetUint16Array(DCM_PixelData, stored, &found);
  }
  require(status.good() && stored != nullptr, ErrorCode::kCorruptData,
          h.file.string() + ": Pixel Data (7FE0,0010) is missing or damaged");
  require(
      found >= count, ErrorCode::kCorruptData,
      h.file.string() + ": Pixel Data (7FE0,0010) holds " + std::to_string(found) + " of " + std::to_string(count) + " pixels");
  return {stored, count};
}

void decode(DcmDataset& item, const DicomHeader& h) {
  if (!is_compressed(h.transfer_syntax)) return;
  const OFCondition decoded = item.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  if (decoded.good()) return;
  const bool unknown = decoded == EC_CannotChangeRepresentation || decoded == EC_UnsupportedEncoding;
  throw Error(unknown ? ErrorCode::kUnsupported : ErrorCode::kCorruptData,
              h.file.string() + ": pixels encoded as " + DcmXfer(item.getOriginalXfer()).getXferName() +
                  (unknown ? " are not read" : " cannot be decoded") + " (" + decoded.text() + ")");
}

void load_slice(const DicomHeader& h, std::span<float> target) {
  const ParsedDicom parsed = parse_dicom(h.file, DicomPart::kAll);
  require(parsed.crowded_sop_class.empty(), ErrorCode::kUnsupported,
          h.file.string() + ": more than " + std::to_string(kMostItems) + " sequence items: no classic image has so many");
  DcmDataset& item = parsed.dataset();
  // The files may have changed since they were scanned.
  require(integer_of(item, DCM_Rows) == h.rows && integer_of(item, DCM_Columns) == h.columns &&
              text_of(item, DCM_SOPInstanceUID) == h.sop_instance_uid,
          ErrorCode::kMismatch, h.file.string() + ": has changed since it was scanned");
  decode(item, h);
  if (h.bits_allocated == 8) {
    convert(pixels_of<Uint8>(item, h, target.size()), h, target);
  } else {
    convert(pixels_of<Uint16>(item, h, target.size()), h, target);
  }
}

/// A header may claim 65535 x 65535 pixels: memory is taken only when the file is long enough for them.
void require_room(const DicomHeader& h, std::size_t plane) {
  // The best that any of the encodings does; a slice of a megapixel may always be all air.
  constexpr std::uintmax_t kBestRatio = 2000, kAlways = 1 << 21;
  const bool packed = is_compressed(h.transfer_syntax) || h.transfer_syntax == UID_DeflatedExplicitVRLittleEndianTransferSyntax;
  std::error_code status;
  const std::uintmax_t length = std::filesystem::file_size(h.file, status);
  require(!status, ErrorCode::kNotFound, h.file.string() + ": is gone since it was scanned");
  const std::uintmax_t needed = plane * static_cast<std::size_t>(h.bits_allocated / 8);
  require(length >= needed || (packed && (needed <= kAlways || needed / kBestRatio <= length)), ErrorCode::kCorruptData,
          h.file.string() + ": too short (" + std::to_string(length) + " bytes) for its " + std::to_string(h.columns) + " x " +
              std::to_string(h.rows) + " pixels");
}

}  // namespace

Volume load_series(const Series& series) {
  require(!series.slices.empty(), ErrorCode::kNotFound, "a series without images");
  require(series.problem.empty(), ErrorCode::kUnsupported,
          "series " + std::to_string(series.header().series_number) + " cannot be loaded as a volume: " + series.problem);
  register_decoders();
  const std::size_t plane = static_cast<std::size_t>(series.header().rows) * static_cast<std::size_t>(series.header().columns);
  for (const DicomHeader& h : series.slices) require_room(h, plane);
  Volume volume{series.geometry, std::vector<float>(plane * series.slices.size())};
  parallel_for(series.slices.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) load_slice(series.slices[k], std::span(volume.voxels).subspan(k * plane, plane));
  });
  return volume;
}

}  // namespace consilium::imaging
