#include "imaging/dicom/load.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <mutex>
#include <span>

#include "base/error.h"
#include "base/parallel.h"

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

/// Stored bits -> value: what lies above Bits Stored is overlay or filling (PS3.5 8.1.1), the sign bit is the highest stored one.
template <typename T>
void convert(const T* stored, const DicomHeader& h, std::span<float> target) {
  const int unused = static_cast<int>(sizeof(T) * 8) - h.bits_stored;
  using Signed = std::make_signed_t<T>;
  for (std::size_t n = 0; n < target.size(); ++n) {
    const T shifted = static_cast<T>(stored[n] << unused);
    const double value = h.is_signed ? static_cast<double>(static_cast<Signed>(shifted) >> unused) : static_cast<double>(static_cast<T>(shifted >> unused));
    target[n] = static_cast<float>(h.slope * value + h.intercept);
  }
}

/// A whole image of `count` pixels, or an error: shorter pixel data must not be read past its end.
template <typename T, typename Find>
const T* pixels(Find find, const DicomHeader& h, std::size_t count) {
  const T* stored = nullptr;
  unsigned long found = 0;
  const OFCondition status = find(stored, &found);
  require(status.good() && stored != nullptr, ErrorCode::kCorruptData, h.file.string() + ": Pixel Data (7FE0,0010) is missing or damaged");
  require(found >= count, ErrorCode::kCorruptData, h.file.string() + ": Pixel Data (7FE0,0010) holds " + std::to_string(found) + " of " + std::to_string(count) + " pixels");
  return stored;
}

void load_slice(const DicomHeader& h, std::span<float> target) {
  DcmFileFormat format;
  const OFCondition loaded = format.loadFile(h.file.c_str());
  require(loaded.good(), ErrorCode::kCorruptData, h.file.string() + ": " + loaded.text());
  DcmDataset& item = *format.getDataset();
  const OFCondition decoded = item.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  require(decoded.good() && item.canWriteXfer(EXS_LittleEndianExplicit), ErrorCode::kUnsupported,
          h.file.string() + ": pixels encoded as " + DcmXfer(item.getOriginalXfer()).getXferName() + " are not decoded (" + decoded.text() + ")");
  // The header may have been read before the file changed.
  Uint16 rows = 0, columns = 0;
  item.findAndGetUint16(DCM_Rows, rows);
  item.findAndGetUint16(DCM_Columns, columns);
  require(rows == h.rows && columns == h.columns, ErrorCode::kMismatch, h.file.string() + ": has changed since it was scanned");
  const std::size_t count = target.size();
  if (h.bits_allocated == 8) {
    convert(pixels<Uint8>([&](const Uint8*& p, unsigned long* n) { return item.findAndGetUint8Array(DCM_PixelData, p, n); }, h, count), h, target);
  } else if (h.bits_allocated == 16) {
    convert(pixels<Uint16>([&](const Uint16*& p, unsigned long* n) { return item.findAndGetUint16Array(DCM_PixelData, p, n); }, h, count), h, target);
  } else {
    convert(pixels<Uint32>([&](const Uint32*& p, unsigned long* n) { return item.findAndGetUint32Array(DCM_PixelData, p, n); }, h, count), h, target);
  }
}

}  // namespace

Volume load_series(const Series& series) {
  require(!series.slices.empty(), ErrorCode::kNotFound, "a series without images");
  require(series.problem.empty(), ErrorCode::kUnsupported, "series " + std::to_string(series.header().series_number) + ": " + series.problem);
  register_decoders();
  const std::size_t plane = static_cast<std::size_t>(series.header().rows) * static_cast<std::size_t>(series.header().columns);
  // A header may claim 65535 x 65535 pixels; only files that are large enough make memory for them worth taking.
  for (const DicomHeader& h : series.slices) {
    const bool plain = h.transfer_syntax == UID_LittleEndianImplicitTransferSyntax || h.transfer_syntax == UID_LittleEndianExplicitTransferSyntax || h.transfer_syntax == UID_BigEndianExplicitTransferSyntax;
    const std::uintmax_t bytes = std::filesystem::file_size(h.file);
    const std::size_t needed = plane * static_cast<std::size_t>(h.bits_allocated) / 8;
    require(bytes >= (plain ? needed : needed / 2000), ErrorCode::kCorruptData, h.file.string() + ": too short (" + std::to_string(bytes) + " bytes) for its " + std::to_string(h.columns) + " x " + std::to_string(h.rows) + " pixels");
  }
  Volume volume{series.geometry, std::vector<float>(plane * series.slices.size())};
  parallel_for(series.slices.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) load_slice(series.slices[k], std::span(volume.voxels).subspan(k * plane, plane));
  });
  return volume;
}

}  // namespace consilium::imaging
