#include "imaging/dicom/decode.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "imaging/dicom/jpeg2000.h"

namespace consilium::imaging {
namespace {

constexpr std::string_view kDeflatedFrames = "1.2.840.10008.1.2.8.1";
constexpr std::string_view kJpeg2000[] = {"1.2.840.10008.1.2.4.90",  "1.2.840.10008.1.2.4.91",  "1.2.840.10008.1.2.4.92",
                                          "1.2.840.10008.1.2.4.93",  "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202",
                                          "1.2.840.10008.1.2.4.203"};

/// DCMTK keeps its decoders in a registry of the process.
void register_decoders() {
  static std::once_flag once;
  std::call_once(once, [] {
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    DcmRLEDecoderRegistration::registerCodecs();
  });
}

/// A data set with nothing but the frame, as DCMTK's decoders want it.
std::unique_ptr<DcmDataset> data_set_of(const DicomHeader& h, std::string_view encoded, E_TransferSyntax syntax, DcmPixelData*& pixels) {
  auto data_set = std::make_unique<DcmDataset>();
  DcmItem& item = *data_set;
  const auto put = [&](const DcmTagKey& tag, int value) { item.putAndInsertUint16(tag, static_cast<Uint16>(value)); };
  put(DCM_Rows, h.stored_rows), put(DCM_Columns, h.stored_columns), put(DCM_SamplesPerPixel, h.samples_per_pixel);
  put(DCM_BitsAllocated, h.bits_allocated), put(DCM_BitsStored, h.bits_stored), put(DCM_HighBit, h.high_bit);
  put(DCM_PixelRepresentation, h.is_signed ? 1 : 0);
  if (h.samples_per_pixel > 1) put(DCM_PlanarConfiguration, h.is_planar ? 1 : 0);
  item.putAndInsertString(DCM_PhotometricInterpretation, h.photometric.c_str());
  item.putAndInsertString(DCM_NumberOfFrames, "1");
  auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelSequenceTag));
  sequence->insert(std::make_unique<DcmPixelItem>(DcmTag(DCM_PixelItemTag)).release());
  DcmOffsetList offsets;
  sequence->storeCompressedFrame(offsets, reinterpret_cast<Uint8*>(const_cast<char*>(encoded.data())),
                                 static_cast<Uint32>(encoded.size()), 0);
  auto element = std::make_unique<DcmPixelData>(DCM_PixelData);
  element->putOriginalRepresentation(syntax, nullptr, sequence.release());
  pixels = element.get();
  item.insert(element.release());
  return data_set;
}

std::string syntax_name(const DicomHeader& h) {
  const DcmXfer syntax(h.transfer_syntax.c_str());
  return syntax.getXfer() == EXS_Unknown ? h.transfer_syntax : syntax.getXferName();
}

bool decode_by_dcmtk(const DicomHeader& h, std::string_view encoded, std::span<char> cells) {
  register_decoders();
  const E_TransferSyntax syntax = DcmXfer(h.transfer_syntax.c_str()).getXfer();
  const std::string what = h.file.string() + ": pixels encoded as " + syntax_name(h);
  require(syntax != EXS_Unknown && DcmXfer(syntax).isEncapsulated(), ErrorCode::kUnsupported, what + " are not read");
  require(encoded.size() < std::size_t{1} << 31, ErrorCode::kUnsupported, what + " in more than 2 GiB a frame are not read");
  DcmPixelData* pixels = nullptr;
  const auto data_set = data_set_of(h, encoded, syntax, pixels);
  std::vector<char> padded(cells.size() + cells.size() % 2);
  Uint32 fragment = 0;
  OFString colours;
  const OFCondition decoded =
      pixels->getUncompressedFrame(data_set.get(), 0, fragment, padded.data(), static_cast<Uint32>(padded.size()), colours);
  if (decoded.bad()) {
    const bool unknown = decoded == EC_CannotChangeRepresentation || decoded == EC_UnsupportedEncoding;
    throw Error(unknown ? ErrorCode::kUnsupported : ErrorCode::kCorruptData,
                what + (unknown ? " are not read" : " cannot be decoded") + " (" + decoded.text() + ")");
  }
  std::copy_n(padded.begin(), cells.size(), cells.begin());
  return colours == "RGB";
}

void inflate_frame(const DicomHeader& h, std::string_view encoded, std::span<char> cells) {
  z_stream stream{};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, ErrorCode::kUnexpected, "zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(encoded.data()));
  stream.avail_in = static_cast<uInt>(encoded.size());
  stream.next_out = reinterpret_cast<Bytef*>(cells.data());
  stream.avail_out = static_cast<uInt>(cells.size());
  inflate(&stream, Z_FINISH);
  const bool filled = stream.avail_out == 0;
  inflateEnd(&stream);
  require(filled, ErrorCode::kCorruptData, h.file.string() + ": a deflated frame is damaged or cut short");
}

}  // namespace

bool decode_frame(const DicomHeader& h, std::string_view encoded, std::span<char> cells) {
  if (std::find(std::begin(kJpeg2000), std::end(kJpeg2000), h.transfer_syntax) != std::end(kJpeg2000)) {
    decode_jpeg2000(h, encoded, cells);
    return h.photometric == "YBR_RCT" || h.photometric == "YBR_ICT" || h.photometric == "RGB";
  }
  if (h.transfer_syntax != kDeflatedFrames) return decode_by_dcmtk(h, encoded, cells);
  inflate_frame(h, encoded, cells);
  return false;
}

}  // namespace consilium::imaging
