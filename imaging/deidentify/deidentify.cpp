#include "imaging/deidentify/deidentify.h"

#include "base/error.h"
#include "imaging/deidentify/burned_in.h"
#include "imaging/deidentify/elements.h"
#include "imaging/deidentify/face_pixels.h"
#include "imaging/deidentify/protect.h"
#include "imaging/deidentify/whole_file.h"

namespace consilium::imaging {
namespace {

/// The reason without the path: a folder may be named after a patient.
std::unique_ptr<DcmFileFormat> read_without_path(const std::filesystem::path& file) {
  try {
    return read_whole_dicom(file);
  } catch (const Error& error) {
    std::string reason = error.what();
    for (std::size_t at = reason.find(file.string()); at != std::string::npos; at = reason.find(file.string())) reason.erase(at, file.string().size());
    if (reason.starts_with(": ")) reason.erase(0, 2);
    throw Error(error.code(), reason);
  }
}

}  // namespace

DeidentifiedFile deidentify_file(const std::filesystem::path& file, const Pseudonyms& pseudonyms, DeidentifyOptions options, const FaceToRemove* face) {
  const std::unique_ptr<DcmFileFormat> format = read_without_path(file);
  std::unique_ptr<DcmDataset> data_set(format->getAndRemoveDataset());
  require(raw_value(*format->getMetaInfo(), DCM_MediaStorageSOPClassUID) != UID_MediaStorageDirectoryStorage && !data_set->tagExists(DCM_DirectoryRecordSequence),
          ErrorCode::kUnsupported, "an index of other files (DICOMDIR)");
  DeidentifiedFile result;
  result.burned_in = to_string(burned_in(*data_set));
  options.clean_faces = face != nullptr;
  if (face != nullptr) remove_face(*data_set, *face);
  result.counts = protect(*data_set, pseudonyms, options);
  result.patient = raw_value(*data_set, DCM_PatientID);
  result.study_uid = raw_value(*data_set, DCM_StudyInstanceUID);
  result.series_uid = raw_value(*data_set, DCM_SeriesInstanceUID);
  result.instance_uid = raw_value(*data_set, DCM_SOPInstanceUID);
  result.sop_class_uid = raw_value(*data_set, DCM_SOPClassUID);
  result.modality = raw_value(*data_set, DCM_Modality);
  if (face != nullptr) result.counts["faces removed"] = 1;
  result.bytes = encode_dicom(std::move(data_set), face != nullptr ? EXS_LittleEndianExplicit : EXS_Unknown);
  return result;
}

}  // namespace consilium::imaging
