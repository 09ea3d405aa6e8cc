#pragma once

#include "tests/support/dicom_files.h"

namespace consilium::test {

/// A multi-frame image without functional groups, 2 x 2 pixels a frame; pixels of frame n (from 0) are 10 n, 10 n + 1, ...
struct PlainFrames {
  std::string sop_class = UID_MultiframeGrayscaleWordSecondaryCaptureImageStorage;
  int frames = 3;
  std::string spacing = {};  ///< Spacing Between Slices; empty: not written
  std::vector<DcmTagKey> increments = {};
  std::vector<std::pair<DcmTagKey, std::string>> indices = {};  ///< vectors of one value per frame
  bool is_placed = true;
  bool in_detector = false;  ///< position and orientation stand in the Detector Information Sequence
  std::string image_type = "DERIVED\\SECONDARY";
  std::vector<std::pair<DcmTagKey, std::string>> attributes = {};
};

inline void write_frames(const std::filesystem::path& path, const PlainFrames& what) {
  DcmFileFormat format;
  DcmDataset& item = *format.getDataset();
  put(item, DCM_SOPClassUID, what.sop_class);
  put(item, DCM_SOPInstanceUID, "1.2.826.0.1.1.1.7");
  put(item, DCM_StudyInstanceUID, "1.2.826.0.1.1");
  put(item, DCM_SeriesInstanceUID, "1.2.826.0.1.1.1");
  put(item, DCM_Modality, what.in_detector ? "NM" : "OT");
  put(item, DCM_ImageType, what.image_type);
  put(item, DCM_SeriesNumber, "7");
  put(item, DCM_PixelSpacing, "0.5\\0.25");
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  if (what.frames > 1) put(item, DCM_NumberOfFrames, std::to_string(what.frames));
  if (!what.spacing.empty()) put(item, DCM_SpacingBetweenSlices, what.spacing);
  if (what.is_placed) {
    DcmItem* holder = &item;
    if (what.in_detector) item.findOrCreateSequenceItem(DCM_DetectorInformationSequence, holder, 0);
    put(*holder, DCM_ImagePositionPatient, "10\\20\\30");
    put(*holder, DCM_ImageOrientationPatient, "1\\0\\0\\0\\-1\\0");
  }
  for (const auto& [tag, value] : {std::pair{DCM_SamplesPerPixel, 1}, {DCM_Rows, 2}, {DCM_Columns, 2}, {DCM_BitsAllocated, 16},
                                   {DCM_BitsStored, 12}, {DCM_HighBit, 11}, {DCM_PixelRepresentation, 0}})
    item.putAndInsertUint16(tag, static_cast<Uint16>(value));
  if (!what.increments.empty()) {
    auto pointer = std::make_unique<DcmAttributeTag>(DCM_FrameIncrementPointer);
    for (std::size_t n = 0; n < what.increments.size(); ++n) pointer->putTagVal(what.increments[n], n);
    item.insert(pointer.release());
  }
  for (const auto& [tag, values] : what.indices) put(item, tag, values);
  for (const auto& [tag, value] : what.attributes) put(item, tag, value);
  std::vector<Uint16> pixels;
  for (int n = 0; n < what.frames; ++n)
    for (int p = 0; p < 4; ++p) pixels.push_back(static_cast<Uint16>(10 * n + p));
  item.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  make_folder(path.parent_path());
  require(format.saveFile(path.c_str(), EXS_LittleEndianExplicit).good(), ErrorCode::kCannotWrite, "cannot write " + path.string());
}

}  // namespace consilium::test
