#include "imaging/deidentify/whole_file.h"

#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcwcache.h>

#include <vector>

#include "base/error.h"
#include "imaging/dicom/parse.h"

namespace consilium::imaging {

std::unique_ptr<DcmFileFormat> read_whole_dicom(const std::filesystem::path& file) {
  ParsedDicom parsed = parse_dicom(file, DicomPart::kAll);
  require(parsed.crowded_sop_class.empty(), ErrorCode::kUnsupported, "sequences of more items than are read");
  return std::move(parsed.format);
}

std::string encode_dicom(std::unique_ptr<DcmDataset> data_set) {
  const E_TransferSyntax syntax = data_set->getOriginalXfer() == EXS_Unknown ? EXS_LittleEndianExplicit : data_set->getOriginalXfer();
  DcmFileFormat file(data_set.release(), OFFalse);  // owned by `file` from here on
  std::string bytes;
  std::vector<char> buffer(1 << 16);
  DcmOutputBufferStream stream(buffer.data(), static_cast<offile_off_t>(buffer.size()));
  DcmWriteCache cache;
  file.transferInit();
  OFCondition outcome = EC_StreamNotifyClient;
  while (outcome == EC_StreamNotifyClient) {
    outcome = file.write(stream, syntax, EET_ExplicitLength, &cache, EGL_withoutGL);
    void* filled = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(filled, length);
    bytes.append(static_cast<const char*>(filled), static_cast<std::size_t>(length));
  }
  file.transferEnd();
  require(outcome.good(), ErrorCode::kUnexpected, std::string("DICOM: an object could not be encoded: ") + outcome.text());
  return bytes;
}

}  // namespace consilium::imaging
