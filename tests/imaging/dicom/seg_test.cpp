#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "base/rng.h"
#include "imaging/dicom/seg_read.h"
#include "imaging/dicom/seg_write.h"
#include "imaging/dicom/write_series.h"
#include "imaging/structure_terms.h"
#include "tests/support/enhanced_file.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

void expect_refusal(ErrorCode code, const std::string& words, const std::function<void()>& act) {
  EXPECT_THAT(test::refusal(code, act), testing::HasSubstr(words));
}

/// Oblique, with sizes whose frames (63 pixels) do not end on a byte.
Geometry oblique_grid() {
  const double c = 0.8, s = 0.6;
  return {{9, 7, 6}, {0.75, 1.25, 2.5}, {-12.5, 31.25, 80}, {{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}}};
}

/// A phantom's series as scan_study finds it: the last slice has the first number, so that files and positions are out of step.
Series source_series(const fs::path& folder, const Geometry& grid = oblique_grid()) {
  Volume volume{grid, std::vector<float>(voxel_count(grid))};
  std::iota(volume.voxels.begin(), volume.voxels.end(), 300.0F);
  SeriesTags tags;
  tags.number = 7, tags.description = "t1", tags.last_slice_first = true;
  tags.modality = MrTags{.tr_ms = 500, .te_ms = 12};
  StudyTags study;
  study.uid_name = "seg test", study.manufacturer = "Somebody", study.model = "Scanner";
  write_dicom_series(folder / "images", volume, study, tags);
  return scan_study(folder / "images").series.at(0);
}

LabelMap some_labels(const Geometry& grid, std::vector<Label> values, std::uint64_t seed = 1) {
  LabelMap map{grid, std::vector<Label>(voxel_count(grid))};
  Rng rng(seed);
  const std::size_t plane = grid.size[0] * grid.size[1];
  // The first plane and the last two stay empty: they must come back all the same.
  for (std::size_t n = plane; n + 2 * plane < map.labels.size(); ++n)
    if (rng.below(3) == 0) map.labels[n] = values[rng.below(values.size())];
  return map;
}

SegContent content_of(const LabelMap& labels, const std::vector<std::pair<Label, const char*>>& names) {
  SegContent content{{}, {labels}, {}};
  for (const auto& [label, name] : names) {
    content.segments.push_back(*find_structure(name));
    content.segments.back().label = label;
  }
  return content;
}

SegWriteOptions at_noon(SegKind kind, SegPlanes planes = SegPlanes::kNeeded) { return {.kind = kind, .planes = planes, .date = "20200101", .time = "120000"}; }

LabelMap read_back(const fs::path& file) {
  const SegReader reader(read_seg_file(file));
  const Structures structures = reader.structures();
  const auto layers = layers_of(structures);
  EXPECT_EQ(layers.size(), 1U);
  return to_label_map(structures, layers.at(0));
}

TEST(Seg, LabelsComeBackAsTheyWereOnTheSameGrid) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const LabelMap labels = some_labels(source.geometry, {1, 2, 4});
  const SegContent content = content_of(labels, {{1, "necrosis"}, {2, "edema"}, {4, "enhancing tumor"}});
  for (const SegKind kind : {SegKind::kBinary, SegKind::kLabelMap})
    for (const SegPlanes planes : {SegPlanes::kNeeded, SegPlanes::kAll}) {
      SCOPED_TRACE(to_string(kind));
      const fs::path file = folder.path() / "seg.dcm";
      write_seg(file, source, content, at_noon(kind, planes));
      const LabelMap back = read_back(file);
      EXPECT_TRUE(same_grid(back.geometry, labels.geometry, 1e-9));
      EXPECT_EQ(back.labels, labels.labels);
    }
}

TEST(Seg, WhatASegmentIsComesBackWithIt) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  SegContent content = content_of(some_labels(source.geometry, {3, 9}), {{3, "left kidney"}, {9, "tumor"}});
  content.segments[0].description = "drawn on Monday";
  content.segments[1].algorithm_type = "AUTOMATIC", content.segments[1].algorithm_name = "net 3";
  content.segments[1].region = {"64033007", "SCT", "Kidney"}, content.segments[1].region_modifier = {"7771000", "SCT", "Left"};
  content.segments[1].tracking_id = "tumour 1", content.segments[1].tracking_uid = "2.25.4711";
  write_seg(folder.path() / "seg.dcm", source, content, at_noon(SegKind::kBinary));
  const SegFile file = read_seg_file(folder.path() / "seg.dcm");
  ASSERT_EQ(file.segments.size(), 2U);
  for (std::size_t n = 0; n < 2; ++n) {
    Segment expected = content.segments[n];
    expected.number = static_cast<int>(n) + 1;  // binary kinds count
    EXPECT_EQ(file.segments[n], expected) << n;
  }
  EXPECT_EQ(file.source_series, std::vector<std::string>{source.header().series_uid});
}

TEST(Seg, EachFrameRefersToTheSliceThatItWasMadeFrom) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  write_seg(folder.path() / "seg.dcm", source, content_of(some_labels(source.geometry, {1}), {{1, "liver"}}), at_noon(SegKind::kBinary, SegPlanes::kAll));
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path() / "seg.dcm").c_str()).good());
  DcmItem& item = *format.getDataset();
  ASSERT_EQ(source.slices.size(), 6U);
  for (std::size_t k = 0; k < 6; ++k) {
    DcmItem *frame = nullptr, *derivation = nullptr, *image = nullptr, *place = nullptr;
    ASSERT_TRUE(item.findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, frame, static_cast<long>(k)).good());
    ASSERT_TRUE(frame->findAndGetSequenceItem(DCM_DerivationImageSequence, derivation).good());
    ASSERT_TRUE(derivation->findAndGetSequenceItem(DCM_SourceImageSequence, image).good());
    ASSERT_TRUE(frame->findAndGetSequenceItem(DCM_PlanePositionSequence, place).good());
    OFString uid, z;
    image->findAndGetOFString(DCM_ReferencedSOPInstanceUID, uid);
    place->findAndGetOFString(DCM_ImagePositionPatient, z, 2);
    EXPECT_EQ(uid.c_str(), source.slices[k].sop_instance_uid);
    EXPECT_NEAR(std::stod(z.c_str()), source.slices[k].position_mm[2], 1e-9);
  }
  OFString name, study, frame_of_reference;
  item.findAndGetOFString(DCM_PatientName, name);
  item.findAndGetOFString(DCM_StudyInstanceUID, study);
  item.findAndGetOFString(DCM_FrameOfReferenceUID, frame_of_reference);
  EXPECT_EQ(name, "PHANTOM^0001");
  EXPECT_EQ(study.c_str(), source.header().study_uid);
  EXPECT_FALSE(frame_of_reference.empty());
}

TEST(Seg, FramesOfAMultiFrameSourceAreNamed) {
  const TemporaryFolder folder;
  // Stored out of order: 4, 0, 2 mm.
  test::write_enhanced(folder.path() / "images" / "all.dcm", {{.z_mm = 4}, {.z_mm = 0}, {.z_mm = 2}});
  const Series source = scan_study(folder.path() / "images").series.at(0);
  ASSERT_TRUE(source.problem.empty()) << source.problem;
  const LabelMap labels{source.geometry, {0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1}};
  write_seg(folder.path() / "seg.dcm", source, content_of(labels, {{1, "brain"}}), at_noon(SegKind::kBinary));
  EXPECT_EQ(read_back(folder.path() / "seg.dcm"), labels);
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path() / "seg.dcm").c_str()).good());
  for (const auto& [k, frame_number] : std::map<long, int>{{0, 2}, {1, 3}, {2, 1}}) {
    DcmItem *frame = nullptr, *derivation = nullptr, *image = nullptr;
    ASSERT_TRUE(format.getDataset()->findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, frame, k).good());
    frame->findAndGetSequenceItem(DCM_DerivationImageSequence, derivation);
    derivation->findAndGetSequenceItem(DCM_SourceImageSequence, image);
    Sint32 number = 0;
    EXPECT_TRUE(image->findAndGetSint32(DCM_ReferencedFrameNumber, number).good());
    EXPECT_EQ(number, frame_number) << k;
  }
}

TEST(Seg, OverlappingSegmentsAreKeptApart) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  SegContent content{{segment_of(Region::kWT), segment_of(Region::kTC)}, {some_labels(source.geometry, {1}, 1), some_labels(source.geometry, {2}, 2)}, {0, 1}};
  expect_refusal(ErrorCode::kUsage, "segments overlap", [&] { write_seg(folder.path() / "no.dcm", source, content, at_noon(SegKind::kLabelMap)); });
  write_seg(folder.path() / "seg.dcm", source, content, at_noon(SegKind::kBinary));
  const SegReader reader(read_seg_file(folder.path() / "seg.dcm"));
  const Structures structures = reader.structures();
  ASSERT_EQ(layers_of(structures).size(), 2U);
  for (std::size_t n = 0; n < 2; ++n) EXPECT_EQ(to_label_map(structures, std::array{n}).labels, content.layers[n].labels);
}

TEST(Seg, FractionsComeBackToTheLastStep) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  std::vector<Label> steps(255);
  std::iota(steps.begin(), steps.end(), Label{1});
  SegContent content{{*find_structure("liver"), *find_structure("spleen")}, {some_labels(source.geometry, steps, 3), some_labels(source.geometry, steps, 4)}, {0, 1}};
  for (const SegKind kind : {SegKind::kProbability, SegKind::kOccupancy}) {
    write_seg(folder.path() / "seg.dcm", source, content, at_noon(kind));
    const SegReader reader(read_seg_file(folder.path() / "seg.dcm"));
    EXPECT_EQ(reader.file().kind, kind);
    ASSERT_EQ(reader.file().geometry.size, source.geometry.size);
    const std::size_t plane = 63;
    for (std::size_t s = 0; s < 2; ++s)
      for (std::size_t k = 0; k < source.geometry.size[2]; ++k) {
        std::vector<std::uint8_t> values(plane);
        reader.read_fractions(s, k, values);
        EXPECT_TRUE(std::equal(values.begin(), values.end(), content.layers[s].labels.begin() + static_cast<std::ptrdiff_t>(k * plane))) << s << " " << k;
      }
    // As a mask: what is at least half.
    const auto mask = to_label_map(reader.structures(), std::array{std::size_t{0}});
    for (std::size_t n = 0; n < mask.labels.size(); ++n) EXPECT_EQ(mask.labels[n] != 0, content.layers[0].labels[n] >= 128) << n;
  }
}

TEST(Seg, FramesAloneTellTheGridWhenTheRestIsLeftOut) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const LabelMap labels = some_labels(source.geometry, {1});
  write_seg(folder.path() / "seg.dcm", source, content_of(labels, {{1, "liver"}}), at_noon(SegKind::kBinary, SegPlanes::kOccupied));
  const SegFile file = read_seg_file(folder.path() / "seg.dcm");
  EXPECT_EQ(file.geometry.size[2], 3U);  // planes 1 to 3
  const auto placed = placed_on(file, source.geometry);
  ASSERT_TRUE(placed);
  const SegReader reader(*placed);
  EXPECT_EQ(to_label_map(reader.structures(), std::array{std::size_t{0}}), labels);
  Geometry other = source.geometry;
  other.origin_mm[0] += 0.3;
  EXPECT_FALSE(placed_on(file, other));
}

TEST(Seg, NothingSegmentedIsAFileToo) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const LabelMap empty{source.geometry, std::vector<Label>(voxel_count(source.geometry))};
  for (const SegPlanes planes : {SegPlanes::kNeeded, SegPlanes::kOccupied, SegPlanes::kAll}) {
    write_seg(folder.path() / "seg.dcm", source, content_of(empty, {{1, "liver"}}), at_noon(SegKind::kBinary, planes));
    const LabelMap back = read_back(folder.path() / "seg.dcm");
    EXPECT_EQ(std::accumulate(back.labels.begin(), back.labels.end(), 0), 0);
  }
}

TEST(Seg, SameInputSameBytes) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const SegContent content = content_of(some_labels(source.geometry, {1, 2}), {{1, "liver"}, {2, "spleen"}});
  write_seg(folder.path() / "a.dcm", source, content, at_noon(SegKind::kBinary));
  write_seg(folder.path() / "b.dcm", source, content, at_noon(SegKind::kBinary));
  EXPECT_EQ(read_file(folder.path() / "a.dcm"), read_file(folder.path() / "b.dcm"));
  SegWriteOptions later = at_noon(SegKind::kBinary);
  later.time = "120001";
  write_seg(folder.path() / "c.dcm", source, content, later);
  EXPECT_NE(read_dicom_header(folder.path() / "a.dcm").sop_instance_uid, read_dicom_header(folder.path() / "c.dcm").sop_instance_uid);
}

TEST(Seg, WhatDoesNotFitIsRefused) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const LabelMap labels = some_labels(source.geometry, {1, 2});
  const auto refuse = [&](ErrorCode code, const std::string& words, const SegContent& content) {
    expect_refusal(code, words, [&] { write_seg(folder.path() / "no.dcm", source, content, at_noon(SegKind::kBinary)); });
    EXPECT_FALSE(fs::exists(folder.path() / "no.dcm"));
  };
  refuse(ErrorCode::kUsage, "has the label 2, but no segment is described for it", content_of(labels, {{1, "liver"}}));
  refuse(ErrorCode::kUsage, "two segments have the label 1", content_of(labels, {{1, "liver"}, {1, "spleen"}}));
  LabelMap moved = labels;
  moved.geometry.origin_mm[2] += 1;
  refuse(ErrorCode::kMismatch, "do not lie on the grid", content_of(moved, {{1, "liver"}, {2, "spleen"}}));
  refuse(ErrorCode::kUsage, "at least one segment", {{}, {labels}, {}});
}

/// A written segmentation with one attribute changed.
void damage(const fs::path& file, const std::function<void(DcmDataset&)>& change) {
  DcmFileFormat format;
  require(format.loadFile(file.c_str()).good(), ErrorCode::kNotFound, "no file");
  format.loadAllDataIntoMemory();
  change(*format.getDataset());
  require(format.saveFile(file.c_str()).good(), ErrorCode::kCannotWrite, "cannot write");
}

TEST(Seg, DamageIsNamed) {
  const TemporaryFolder folder;
  const Series source = source_series(folder.path());
  const fs::path file = folder.path() / "seg.dcm";
  const auto refuse = [&](ErrorCode code, const std::string& words, const std::function<void(DcmDataset&)>& change) {
    write_seg(file, source, content_of(some_labels(source.geometry, {1, 2}), {{1, "liver"}, {2, "spleen"}}), at_noon(SegKind::kBinary));
    damage(file, change);
    expect_refusal(code, words, [&] { SegReader reader(read_seg_file(file)); });
  };
  refuse(ErrorCode::kCorruptData, "functional groups (5200,9230) of", [](DcmDataset& d) { d.putAndInsertString(DCM_NumberOfFrames, "100000"); });
  refuse(ErrorCode::kCorruptData, "Number of Frames", [](DcmDataset& d) { d.putAndInsertString(DCM_NumberOfFrames, "-3"); });
  refuse(ErrorCode::kCorruptData, "Pixel Data (7FE0,0010) has", [](DcmDataset& d) { d.putAndInsertUint16(DCM_Rows, 65535), d.putAndInsertUint16(DCM_Columns, 65535); });
  refuse(ErrorCode::kCorruptData, "Segment Sequence (0062,0002) is missing", [](DcmDataset& d) { d.findAndDeleteElement(DCM_SegmentSequence); });
  refuse(ErrorCode::kUnsupported, "Segmentation Type (0062,0001) is FUZZY", [](DcmDataset& d) { d.putAndInsertString(DCM_SegmentationType, "FUZZY"); });
  refuse(ErrorCode::kUnsupported, "Bits Allocated (0028,0100) is 16", [](DcmDataset& d) { d.putAndInsertUint16(DCM_BitsAllocated, 16); });
  const auto first = [](DcmDataset& d, const DcmTagKey& sequence) {
    DcmItem* item = nullptr;
    d.findAndGetSequenceItem(sequence, item, 0);
    return item;
  };
  refuse(ErrorCode::kCorruptData, "two segments have the number 2", [&](DcmDataset& d) { first(d, DCM_SegmentSequence)->putAndInsertUint16(DCM_SegmentNumber, 2); });
  refuse(ErrorCode::kCorruptData, "belongs to segment 77, which is not described", [&](DcmDataset& d) {
    DcmItem* item = nullptr;
    first(d, DCM_PerFrameFunctionalGroupsSequence)->findAndGetSequenceItem(DCM_SegmentIdentificationSequence, item, 0);
    item->putAndInsertUint16(DCM_ReferencedSegmentNumber, 77);
  });
  const auto move_first = [&](const std::string& place) {
    return [&, place](DcmDataset& d) {
      DcmItem* item = nullptr;
      first(d, DCM_PerFrameFunctionalGroupsSequence)->findAndGetSequenceItem(DCM_PlanePositionSequence, item, 0);
      item->putAndInsertString(DCM_ImagePositionPatient, place.c_str());
    };
  };
  refuse(ErrorCode::kCorruptData, "spread over", move_first("-12.5\\31.25\\-90000"));
  refuse(ErrorCode::kUnsupported, "shifted against each other", move_first("-10\\31.25\\80"));
  refuse(ErrorCode::kUnsupported, "of frame 1 is missing", move_first("here"));
}

}  // namespace
}  // namespace consilium::imaging
