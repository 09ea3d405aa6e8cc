#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace consilium::test {

/// A small classic MR image, 4 columns x 3 rows, axial; a test names only what it is about.
struct DicomImage {
  std::string sop_class = UID_MRImageStorage;
  std::string study = "1.2.826.0.1.1", series = "1.2.826.0.1.1.1",
              instance = {};  ///< instance: made from series and number when empty
  int number = 1;
  double z_mm = 0;
  Uint16 rows = 3, columns = 4;
  std::vector<Uint16> pixels = {};                                 ///< number * 100 + offset when empty
  std::vector<std::pair<DcmTagKey, std::string>> attributes = {};  ///< set last; an empty value removes
  E_TransferSyntax encoding = EXS_LittleEndianExplicit;
};

inline void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  require(item.putAndInsertString(tag, value.c_str()).good(), ErrorCode::kUnexpected, "cannot set " + value);
}

inline void write_dicom(const std::filesystem::path& path, const DicomImage& image) {
  DcmFileFormat format;
  DcmDataset& item = *format.getDataset();
  put(item, DCM_SOPClassUID, image.sop_class);
  put(item, DCM_SOPInstanceUID, image.instance.empty() ? image.series + "." + std::to_string(image.number) : image.instance);
  put(item, DCM_StudyInstanceUID, image.study);
  put(item, DCM_SeriesInstanceUID, image.series);
  put(item, DCM_Modality, image.sop_class == UID_CTImageStorage ? "CT" : image.sop_class == UID_MRImageStorage ? "MR" : "PT");
  put(item, DCM_ImageType, "ORIGINAL\\PRIMARY");
  put(item, DCM_SeriesNumber, "1");
  put(item, DCM_InstanceNumber, std::to_string(image.number));
  put(item, DCM_ImagePositionPatient, "10\\20\\" + std::to_string(image.z_mm));
  put(item, DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  put(item, DCM_PixelSpacing, "0.5\\0.25");
  put(item, DCM_SliceThickness, "2");
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  item.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  item.putAndInsertUint16(DCM_Rows, image.rows);
  item.putAndInsertUint16(DCM_Columns, image.columns);
  item.putAndInsertUint16(DCM_BitsAllocated, 16);
  item.putAndInsertUint16(DCM_BitsStored, 16);
  item.putAndInsertUint16(DCM_HighBit, 15);
  item.putAndInsertUint16(DCM_PixelRepresentation, 0);
  std::vector<Uint16> pixels = image.pixels;
  if (pixels.empty())
    for (int n = 0; n < image.rows * image.columns; ++n) pixels.push_back(static_cast<Uint16>(image.number * 100 + n));
  item.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  for (const auto& [tag, value] : image.attributes) {
    if (value.empty()) {
      item.findAndDeleteElement(tag);
    } else {
      put(item, tag, value);
    }
  }
  make_folder(path.parent_path());
  require(format.saveFile(path.c_str(), image.encoding).good(), ErrorCode::kCannotWrite, "cannot write " + path.string());
}

}  // namespace consilium::test
