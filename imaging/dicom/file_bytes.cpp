#include "imaging/dicom/file_bytes.h"

#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcwcache.h>

#include <vector>

#include "base/error.h"

namespace consilium::imaging {

std::string file_bytes_of(DcmFileFormat& file, E_TransferSyntax syntax, E_GrpLenEncoding group_lengths) {
  std::string bytes;
  std::vector<char> buffer(1 << 16);
  DcmOutputBufferStream stream(buffer.data(), static_cast<offile_off_t>(buffer.size()));
  DcmWriteCache cache;
  file.transferInit();
  OFCondition outcome = EC_StreamNotifyClient;
  while (outcome == EC_StreamNotifyClient) {
    outcome = file.write(stream, syntax, EET_ExplicitLength, &cache, group_lengths);
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
