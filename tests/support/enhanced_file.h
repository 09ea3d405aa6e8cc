#pragma once

#include "tests/support/dicom_files.h"

namespace consilium::test {

/// One frame of an enhanced MR image.
struct EnhancedFrame {
  double z_mm = 0;
  int time = 1;          ///< Dimension Index Value of the second dimension
  int place = 1;         ///< and of the first: deliberately not trusted
  std::string slope = "1", intercept = "0";
  std::string type = "ORIGINAL\\PRIMARY\\M\\NONE";
  double b_value = -1;   ///< below 0: not written
};

/// An enhanced MR file of 2 x 2 pixels a frame; pixels of frame n (from 0) are 10 n, 10 n + 1, ...
inline void write_enhanced(const std::filesystem::path& path, const std::vector<EnhancedFrame>& frames,
                           E_TransferSyntax encoding = EXS_LittleEndianExplicit, const std::string& instance = "1.2.826.0.1.1.1.1") {
  DcmFileFormat format;
  DcmDataset& item = *format.getDataset();
  put(item, DCM_SOPClassUID, UID_EnhancedMRImageStorage);
  put(item, DCM_SOPInstanceUID, instance);
  put(item, DCM_StudyInstanceUID, "1.2.826.0.1.1");
  put(item, DCM_SeriesInstanceUID, "1.2.826.0.1.1.1");
  put(item, DCM_Modality, "MR");
  put(item, DCM_Manufacturer, "Somebody");
  put(item, DCM_SeriesNumber, "4");
  put(item, DCM_NumberOfFrames, std::to_string(frames.size()));
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  for (const auto& [tag, value] : {std::pair{DCM_SamplesPerPixel, 1}, {DCM_Rows, 2}, {DCM_Columns, 2}, {DCM_BitsAllocated, 16},
                                   {DCM_BitsStored, 12}, {DCM_HighBit, 11}, {DCM_PixelRepresentation, 0}})
    item.putAndInsertUint16(tag, static_cast<Uint16>(value));
  const DcmTagKey pointers[] = {DCM_InStackPositionNumber, DCM_TemporalPositionIndex};
  for (int d = 0; d < 2; ++d) {
    DcmItem* dimension = nullptr;
    item.findOrCreateSequenceItem(DCM_DimensionIndexSequence, dimension, d);
    dimension->putAndInsertTagKey(DCM_DimensionIndexPointer, pointers[d]);
  }
  DcmItem *shared = nullptr, *group = nullptr;
  item.findOrCreateSequenceItem(DCM_SharedFunctionalGroupsSequence, shared, 0);
  shared->findOrCreateSequenceItem(DCM_PixelMeasuresSequence, group, 0);
  put(*group, DCM_PixelSpacing, "0.5\\0.25");
  put(*group, DCM_SliceThickness, "2");
  shared->findOrCreateSequenceItem(DCM_PlaneOrientationSequence, group, 0);
  put(*group, DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  std::vector<Uint16> pixels;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const EnhancedFrame& frame = frames[n];
    DcmItem* groups = nullptr;
    item.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, groups, static_cast<long>(n));
    groups->findOrCreateSequenceItem(DCM_PlanePositionSequence, group, 0);
    put(*group, DCM_ImagePositionPatient, "10\\20\\" + std::to_string(frame.z_mm));
    groups->findOrCreateSequenceItem(DCM_PixelValueTransformationSequence, group, 0);
    put(*group, DCM_RescaleSlope, frame.slope);
    put(*group, DCM_RescaleIntercept, frame.intercept);
    groups->findOrCreateSequenceItem(DCM_MRImageFrameTypeSequence, group, 0);
    put(*group, DCM_FrameType, frame.type);
    groups->findOrCreateSequenceItem(DCM_FrameContentSequence, group, 0);
    const Uint32 indices[] = {static_cast<Uint32>(frame.place), static_cast<Uint32>(frame.time)};
    group->putAndInsertUint32Array(DCM_DimensionIndexValues, indices, 2);
    if (frame.b_value >= 0) {
      groups->findOrCreateSequenceItem(DCM_MRDiffusionSequence, group, 0);
      group->putAndInsertFloat64(DCM_DiffusionBValue, frame.b_value);
      DcmItem* direction = nullptr;
      group->findOrCreateSequenceItem(DCM_DiffusionGradientDirectionSequence, direction, 0);
      const Float64 along_y[] = {0, 1, 0};
      direction->putAndInsertFloat64Array(DCM_DiffusionGradientOrientation, along_y, 3);
    }
    for (int p = 0; p < 4; ++p) pixels.push_back(static_cast<Uint16>(10 * n + static_cast<std::size_t>(p)));
  }
  item.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  make_folder(path.parent_path());
  require(format.saveFile(path.c_str(), encoding).good(), ErrorCode::kCannotWrite, "cannot write " + path.string());
}

}  // namespace consilium::test
