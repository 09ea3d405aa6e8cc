#include "imaging/structures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/cielab.h"
#include "imaging/structure_terms.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Layer = std::vector<std::size_t>;

/// Segments of one row of voxels, by the voxels that they hold.
Structures row_of(const std::vector<std::vector<std::size_t>>& segments, std::size_t voxels = 8) {
  Structures structures{{{voxels, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}, {}};
  for (std::size_t n = 0; n < segments.size(); ++n) structures.segments.push_back({.number = static_cast<int>(n) + 1, .label = static_cast<Label>(n + 1)});
  structures.visit_plane = [segments, voxels](std::size_t, const PlaneVisitor& visit) {
    for (std::size_t n = 0; n < segments.size(); ++n) {
      std::vector<std::uint8_t> mask(voxels);
      for (const std::size_t voxel : segments[n]) mask[voxel] = 1;
      if (!segments[n].empty()) visit(n, mask);
    }
  };
  return structures;
}

TEST(Structures, ThatDoNotOverlapShareALabelMap) {
  const Structures structures = row_of({{0, 1}, {2}, {}, {5, 6}});
  const auto layers = layers_of(structures);
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_THAT(to_label_map(structures, layers[0]).labels, ElementsAre(1, 1, 2, 0, 0, 4, 4, 0));
}

TEST(Structures, ThatOverlapAreSpreadAndKeepEveryVoxel) {
  const Structures structures = row_of({{0, 1, 2}, {2, 3}, {3, 4}, {6}});
  const auto layers = layers_of(structures);
  EXPECT_EQ(layers, (std::vector<Layer>{{0, 2, 3}, {1}}));
  EXPECT_THAT(to_label_map(structures, layers[0]).labels, ElementsAre(1, 1, 1, 3, 3, 0, 4, 0));
  EXPECT_THAT(to_label_map(structures, layers[1]).labels, ElementsAre(0, 0, 2, 2, 0, 0, 0, 0));
}

TEST(Structures, LabelsAreTheirOwnElseNumbersElseCounted) {
  std::vector<Segment> own{{.number = 1, .label = 4}, {.number = 2, .label = 7}};
  choose_labels(own);
  EXPECT_EQ(own[0].label, 4);
  EXPECT_EQ(own[1].label, 7);
  std::vector<Segment> twice{{.number = 3, .label = 4}, {.number = 9, .label = 4}};
  choose_labels(twice);
  EXPECT_EQ(twice[0].label, 3);
  EXPECT_EQ(twice[1].label, 9);
  std::vector<Segment> large{{.number = 17}, {.number = 1001}};
  choose_labels(large);
  EXPECT_EQ(large[0].label, 1);
  EXPECT_EQ(large[1].label, 2);
  std::vector<Segment> many(256);
  EXPECT_THAT(test::refusal(ErrorCode::kUnsupported, [&] { choose_labels(many); }), HasSubstr("at most 255"));
}

TEST(StructureTerms, NamesAreFoundHoweverTheyAreWritten) {
  for (const char* name : {"left kidney", "kidney_left", "Kidney-Left", "LEFT KIDNEY"}) {
    const auto found = find_structure(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->type, (CodedTerm{"64033007", "SCT", "Kidney"})) << name;
    EXPECT_EQ(found->modifier, (CodedTerm{"7771000", "SCT", "Left"})) << name;
    EXPECT_EQ(found->category.meaning, "Anatomical Structure");
  }
  EXPECT_EQ(find_structure("ET")->type, (CodedTerm{"C113842", "NCIt", "Enhancing Lesion"}));
  EXPECT_EQ(find_structure("ET")->category.meaning, "Morphologically Abnormal Structure");
  EXPECT_FALSE(find_structure("left"));
  EXPECT_FALSE(find_structure("philtrum"));
}

TEST(StructureTerms, SchemesDescribeEachOfTheirLabels) {
  for (const char* name : {"brats2021", "brats2023", "brats2013", "msd", "internal", "binary"}) {
    const LabelScheme& scheme = label_scheme(name);
    const auto segments = segments_of(scheme);
    ASSERT_EQ(segments.size(), scheme.entries.size()) << name;
    for (std::size_t n = 0; n < segments.size(); ++n) {
      EXPECT_EQ(segments[n].label, scheme.entries[n].stored) << name;
      if (scheme.name != "binary") {
        EXPECT_EQ(tissue_of(segments[n]), scheme.entries[n].internal) << name;
      }
      EXPECT_TRUE(segments[n].category.is_set() && segments[n].type.is_set());
    }
  }
}

TEST(StructureTerms, OverlappingRegionsBecomeTissuesAgain) {
  // WT, TC, ET: oedema where WT alone is, core where TC is too, and so on.
  Structures structures = row_of({{0, 1, 2, 3, 4}, {1, 2, 3}, {2}});
  structures.segments = {segment_of(Region::kWT), segment_of(Region::kTC), segment_of(Region::kET)};
  std::vector<Label> labels(8);
  compose_scheme_plane(structures, label_scheme("brats2021"), 0, labels);
  EXPECT_THAT(labels, ElementsAre(2, 1, 4, 1, 2, 0, 0, 0));
  structures.segments[1] = *find_structure("liver");
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { compose_scheme_plane(structures, label_scheme("brats2021"), 0, labels); }),
              HasSubstr("none of scheme brats2021"));
}

TEST(CieLab, WhiteAndBlackAreTheEndsAndColoursComeBack) {
  EXPECT_EQ(to_cielab({0, 0, 0})[0], 0);
  EXPECT_EQ(to_cielab({255, 255, 255})[0], 65535);
  // A grey has no colour: a* = b* = 0 is 128/255 of the range. The matrices have seven digits.
  for (std::size_t n : {1U, 2U}) EXPECT_NEAR(to_cielab({128, 128, 128})[n], 32896, 20);
  for (int r = 0; r < 256; r += 51)
    for (int g = 0; g < 256; g += 51)
      for (int b = 0; b < 256; b += 51) {
        const Rgb colour{static_cast<std::uint8_t>(r), static_cast<std::uint8_t>(g), static_cast<std::uint8_t>(b)};
        EXPECT_EQ(to_rgb(to_cielab(colour)), colour) << r << " " << g << " " << b;
      }
}

}  // namespace
}  // namespace consilium::imaging
