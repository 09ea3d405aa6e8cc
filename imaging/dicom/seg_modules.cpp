#include "imaging/dicom/seg_modules.h"

#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "imaging/dicom/items.h"
#include "imaging/dicom/parse.h"
#include "imaging/dicom/seg_segments.h"
#include "imaging/dicom/uid.h"
#include "imaging/dicom/values.h"
#include "imaging/dicom/write_modules.h"

namespace consilium::imaging {
namespace {

/// What a segmentation has in common with its images: Patient, Clinical Trial, General Study and Frame of Reference. Required ones
/// are written even if the source has none.
const std::pair<DcmTagKey, bool> kShared[]{
    {DCM_SpecificCharacterSet, false},     {DCM_StudyDate, true},           {DCM_StudyTime, true},
    {DCM_AccessionNumber, true},           {DCM_ReferringPhysicianName, true}, {DCM_StudyDescription, false},
    {DCM_PatientName, true},               {DCM_PatientID, true},           {DCM_IssuerOfPatientID, false},
    {DCM_PatientBirthDate, true},          {DCM_PatientSex, true},          {DCM_PatientAge, false},
    {DCM_PatientSize, false},              {DCM_PatientWeight, false},      {DCM_PatientIdentityRemoved, false},
    {DCM_DeidentificationMethod, false},   {DCM_DeidentificationMethodCodeSequence, false},
    {DCM_LongitudinalTemporalInformationModified, false}, {DCM_QualityControlSubject, false},
    {DCM_ClinicalTrialSponsorName, false}, {DCM_ClinicalTrialProtocolID, false}, {DCM_ClinicalTrialProtocolName, false},
    {DCM_ClinicalTrialSiteID, false},      {DCM_ClinicalTrialSiteName, false}, {DCM_ClinicalTrialSubjectID, false},
    {DCM_ClinicalTrialSubjectReadingID, false}, {DCM_ClinicalTrialTimePointID, false}, {DCM_StudyInstanceUID, true},
    {DCM_StudyID, true},                   {DCM_FrameOfReferenceUID, false}, {DCM_PositionReferenceIndicator, true},
    {DCM_BodyPartExamined, false},         {DCM_LossyImageCompressionRatio, false}, {DCM_LossyImageCompressionMethod, false},
};

void copy(DcmItem& from, DcmItem& to, const DcmTagKey& tag, bool is_required) {
  if (DcmElement* found = element_of(from, tag); found != nullptr) {
    std::unique_ptr<DcmElement> element(dynamic_cast<DcmElement*>(found->clone()));
    if (element != nullptr && to.insert(element.get(), OFTrue).good()) element.release();
  } else if (is_required) {
    to.insertEmptyElement(tag);
  }
}

void put_image_reference(DcmItem& item, const DicomHeader& image) {
  put(item, DCM_ReferencedSOPClassUID, image.sop_class_uid);
  put(item, DCM_ReferencedSOPInstanceUID, image.sop_instance_uid);
}

void put_derivation(DcmItem& frame, const DicomHeader& slice) {
  DcmItem& derivation = add_item(frame, DCM_DerivationImageSequence);
  put_term(derivation, DCM_DerivationCodeSequence, {"113076", "DCM", "Segmentation"});
  DcmItem& source = add_item(derivation, DCM_SourceImageSequence);
  put_image_reference(source, slice);
  if (slice.frames > 1) put_numbers(source, DCM_ReferencedFrameNumber, {slice.frame + 1.0});
  put_term(source, DCM_PurposeOfReferenceCodeSequence, {"121322", "DCM", "Source image for image processing operation"});
  put(source, DCM_SpatialLocationsPreserved, "YES");
}

void put_dimension(DcmItem& item, const std::string& organisation, const DcmTagKey& pointer, const DcmTagKey& group, const char* label) {
  DcmItem& dimension = add_item(item, DCM_DimensionIndexSequence);
  put(dimension, DCM_DimensionOrganizationUID, organisation);
  dimension.putAndInsertTagKey(DCM_DimensionIndexPointer, pointer);
  dimension.putAndInsertTagKey(DCM_FunctionalGroupPointer, group);
  put(dimension, DCM_DimensionDescriptionLabel, label);
}

void put_shared_groups(DcmItem& item, const Geometry& grid) {
  DcmItem& shared = add_item(item, DCM_SharedFunctionalGroupsSequence);
  DcmItem& measures = add_item(shared, DCM_PixelMeasuresSequence);
  put_numbers(measures, DCM_SliceThickness, {grid.spacing_mm[2]});
  put_numbers(measures, DCM_SpacingBetweenSlices, {grid.spacing_mm[2]});
  put_numbers(measures, DCM_PixelSpacing, {grid.spacing_mm[1], grid.spacing_mm[0]});  // down the rows first
  const Matrix3& d = grid.direction;
  put_numbers(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, {d[0][0], d[1][0], d[2][0], d[0][1], d[1][1], d[2][1]});
}

}  // namespace

void put_seg_identity(DcmItem& item, const Series& source, const SegWriteOptions& options) {
  const ParsedDicom parsed = parse_dicom(source.header().file);
  for (const auto& [tag, is_required] : kShared) copy(*parsed.data_set, item, tag, is_required);
  if (text_of(item, DCM_FrameOfReferenceUID).empty()) put(item, DCM_FrameOfReferenceUID, uid_of_name(source.header().series_uid + "|frame"));
  const std::string lossy = text_of(*parsed.data_set, DCM_LossyImageCompression);
  put(item, DCM_LossyImageCompression, lossy == "01" ? "01" : "00");
  put(item, DCM_Modality, "SEG");
  put_numbers(item, DCM_SeriesNumber, {options.series_number > 0 ? options.series_number : source.header().series_number + 1000.0});
  put(item, DCM_SeriesDescription, options.series_description);
  for (const DcmTagKey& tag : {DCM_SeriesDate, DCM_ContentDate}) put(item, tag, options.date);
  for (const DcmTagKey& tag : {DCM_SeriesTime, DCM_ContentTime}) put(item, tag, options.time);
  put(item, DCM_Manufacturer, "consilium");
  put(item, DCM_ManufacturerModelName, "consilium");
  put(item, DCM_DeviceSerialNumber, "0");  // enhanced equipment must have one; a program has none
  put(item, DCM_SoftwareVersions, options.software);
  put_numbers(item, DCM_InstanceNumber, {1});
  put(item, DCM_ContentLabel, options.content_label);
  put(item, DCM_ContentDescription, options.series_description);
  put(item, DCM_ContentCreatorName, options.content_creator);
}

void put_seg_format(DcmItem& item, const Geometry& grid, const SegWriteOptions& options, std::size_t frames) {
  put(item, DCM_ImageType, std::vector<std::string>{"DERIVED", "PRIMARY"});
  put_unsigned(item, DCM_SamplesPerPixel, 1);
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_unsigned(item, DCM_PixelRepresentation, 0);
  put_unsigned(item, DCM_Rows, grid.size[1]);
  put_unsigned(item, DCM_Columns, grid.size[0]);
  const std::size_t bits = options.kind == SegKind::kBinary ? 1 : 8;
  put_unsigned(item, DCM_BitsAllocated, bits);
  put_unsigned(item, DCM_BitsStored, bits);
  put_unsigned(item, DCM_HighBit, bits - 1);
  put_numbers(item, DCM_NumberOfFrames, {static_cast<double>(frames)});
  switch (options.kind) {
    case SegKind::kBinary:
      put(item, DCM_SegmentationType, "BINARY");
      break;
    case SegKind::kLabelMap:
      put(item, DCM_SegmentationType, "LABELMAP");
      put(item, DcmTagKey(0x0062, 0x0013), "NO");  // Segments Overlap: unknown to older DCMTK
      put_unsigned(item, DCM_PixelPaddingValue, 0);
      break;
    default:
      put(item, DCM_SegmentationType, "FRACTIONAL");
      put(item, DCM_SegmentationFractionalType, options.kind == SegKind::kOccupancy ? "OCCUPANCY" : "PROBABILITY");
      put_unsigned(item, DCM_MaximumFractionalValue, 255);
  }
}

void put_seg_references(DcmItem& item, const Series& source) {
  DcmItem& series = add_item(item, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, source.header().series_uid);
  std::set<std::string> seen;
  for (const DicomHeader& slice : source.slices)
    if (seen.insert(slice.sop_instance_uid).second) put_image_reference(add_item(series, DCM_ReferencedInstanceSequence), slice);
}

void put_seg_frames(DcmItem& item, const Series& source, const SegContent& content, const SegWriteOptions& options,
                    const std::vector<SegFramePlan>& frames, const std::string& uid_name) {
  const bool is_label_map = options.kind == SegKind::kLabelMap;
  const std::string organisation = uid_of_name(uid_name + "|dimensions");
  put(add_item(item, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, organisation);
  if (!is_label_map)
    put_dimension(item, organisation, DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence, "Segment");
  put_dimension(item, organisation, DCM_ImagePositionPatient, DCM_PlanePositionSequence, "Position");
  put_shared_groups(item, source.geometry);
  std::map<std::size_t, Uint32> rank;  // Dimension Index Values count the positions that occur
  for (const SegFramePlan& frame : frames) rank[frame.plane] = 0;
  Uint32 next = 0;
  for (auto& [plane, index] : rank) index = ++next;
  for (const SegFramePlan& frame : frames) {
    DcmItem& groups = add_item(item, DCM_PerFrameFunctionalGroupsSequence);
    put_derivation(groups, source.slices[frame.plane]);
    const Uint32 indices[] = {static_cast<Uint32>(frame.segment + 1), rank[frame.plane]};
    add_item(groups, DCM_FrameContentSequence)
        .putAndInsertUint32Array(DCM_DimensionIndexValues, is_label_map ? indices + 1 : indices, is_label_map ? 1 : 2);
    const Vec3 position = to_position_mm(source.geometry, {0, 0, static_cast<double>(frame.plane)});
    put_numbers(add_item(groups, DCM_PlanePositionSequence), DCM_ImagePositionPatient, {position[0], position[1], position[2]});
    if (!is_label_map)
      put_unsigned(add_item(groups, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber,
                   static_cast<std::size_t>(content.segments[frame.segment].number));
  }
}

}  // namespace consilium::imaging
