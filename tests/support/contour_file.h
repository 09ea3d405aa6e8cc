#pragma once

#include "tests/support/dicom_files.h"

namespace consilium::test {

struct ContourLine {
  std::string data;  ///< x\y\z\x\y\z...
  std::string type = "CLOSED_PLANAR";
};

struct ContourRegion {
  int number = 1;
  std::string name = "GTV";
  std::vector<ContourLine> lines = {};
};

/// A structure set that refers to one series.
inline void write_contours(const std::filesystem::path& path, const std::vector<ContourRegion>& regions, const std::string& series = "1.2.826.0.1.1.1",
                           const std::string& patient = "Nobody") {
  DcmFileFormat format;
  DcmDataset& item = *format.getDataset();
  put(item, DCM_SOPClassUID, UID_RTStructureSetStorage);
  put(item, DCM_SOPInstanceUID, "1.2.826.0.1.9.9");
  put(item, DCM_StudyInstanceUID, "1.2.826.0.1.1");
  put(item, DCM_SeriesInstanceUID, "1.2.826.0.1.9");
  put(item, DCM_Modality, "RTSTRUCT");
  put(item, DCM_SeriesNumber, "9");
  put(item, DCM_SeriesDescription, "contours");
  put(item, DCM_PatientName, patient);
  const auto add = [](DcmItem& parent, const DcmTagKey& sequence) -> DcmItem& {
    DcmItem* added = nullptr;
    parent.findOrCreateSequenceItem(sequence, added, -2);
    return *added;
  };
  DcmItem& frame = add(item, DCM_ReferencedFrameOfReferenceSequence);
  put(frame, DCM_FrameOfReferenceUID, "1.2.826.0.1.8");
  put(add(add(frame, DCM_RTReferencedStudySequence), DCM_RTReferencedSeriesSequence), DCM_SeriesInstanceUID, series);
  for (const ContourRegion& region : regions) {
    DcmItem& name = add(item, DCM_StructureSetROISequence);
    put(name, DCM_ROINumber, std::to_string(region.number));
    put(name, DCM_ROIName, region.name);
    DcmItem& contours = add(item, DCM_ROIContourSequence);
    put(contours, DCM_ReferencedROINumber, std::to_string(region.number));
    put(contours, DCM_ROIDisplayColor, "255\\0\\17");
    for (const ContourLine& line : region.lines) {
      DcmItem& one = add(contours, DCM_ContourSequence);
      put(one, DCM_ContourGeometricType, line.type);
      put(one, DCM_ContourData, line.data);
    }
  }
  make_folder(path.parent_path());
  require(format.saveFile(path.c_str(), EXS_LittleEndianExplicit).good(), ErrorCode::kCannotWrite, "cannot write " + path.string());
}

}  // namespace consilium::test
