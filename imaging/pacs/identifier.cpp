#include "imaging/pacs/identifier.h"

#include "base/error.h"

namespace consilium::imaging {
namespace {

DcmTagKey tag_of(const std::string& keyword) {
  DcmTag tag;
  const bool known = DcmTag::findTagFromName(keyword.c_str(), tag).good();
  require(known && tag.getGroup() % 2 == 0, ErrorCode::kUsage, "no DICOM attribute is called \"" + keyword.substr(0, 64) + "\"; an example of one: PatientID");
  return tag.getXTag();
}

const char* level_name(QueryLevel level) { return level == QueryLevel::kStudy ? "STUDY" : level == QueryLevel::kSeries ? "SERIES" : "IMAGE"; }

}  // namespace

std::unique_ptr<DcmDataset> identifier_of(const PacsQuery& query) {
  auto identifier = std::make_unique<DcmDataset>();
  identifier->putAndInsertString(DCM_QueryRetrieveLevel, level_name(query.level));
  for (const auto& [keyword, value] : query.keys) {
    const DcmTagKey tag = tag_of(keyword);
    require(identifier->putAndInsertString(tag, value.c_str()).good(), ErrorCode::kUsage, keyword + ": cannot be searched for");
    for (const char c : value)
      if (static_cast<unsigned char>(c) >= 0x80) identifier->putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
  }
  return identifier;
}

void ask_for_usual_attributes(DcmDataset& identifier, QueryLevel level) {
  std::vector<DcmTagKey> tags{DCM_StudyInstanceUID};
  if (level == QueryLevel::kStudy) {
    tags.insert(tags.end(), {DCM_PatientID, DCM_PatientName, DCM_StudyDate, DCM_StudyTime, DCM_AccessionNumber, DCM_StudyDescription, DCM_ModalitiesInStudy, DCM_NumberOfStudyRelatedSeries, DCM_NumberOfStudyRelatedInstances});
  } else {
    tags.insert(tags.end(), {DCM_SeriesInstanceUID, DCM_Modality, DCM_SeriesNumber, DCM_SeriesDescription, DCM_NumberOfSeriesRelatedInstances});
    if (level == QueryLevel::kImage) tags.insert(tags.end(), {DCM_SOPInstanceUID, DCM_SOPClassUID, DCM_InstanceNumber});
  }
  for (const DcmTagKey& tag : tags)
    if (!identifier.tagExists(tag)) identifier.insertEmptyElement(tag);
}

}  // namespace consilium::imaging
