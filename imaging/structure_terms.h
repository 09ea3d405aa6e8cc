#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "imaging/label_scheme.h"
#include "imaging/structures.h"

namespace consilium::imaging {

/// An organ, tissue or lesion by a plain name ("liver", "left kidney", "ET"): category, type and side as coded terms, and a colour.
/// Upper and lower case, '_' and '-' do not matter, and the side may stand in front or behind ("kidney_left").
///
/// Source: DICOM PS3.16 CID 7150 (categories), 7151 and 7168 (types), 244 (sides): the codes are checked against the copy of PS3.16
/// that pydicom carries (tests/conformance/structure_terms_test.cpp).
std::optional<Segment> find_structure(std::string_view name);

/// Every name that find_structure knows, without sides.
std::vector<std::string_view> structure_names();

/// Segments of a scheme's labels: necrosis, oedema and enhancing tumour of the brain, or the one lesion.
std::vector<Segment> segments_of(const LabelScheme& scheme);

/// Segment of a region: WT and TC overlap the ones within them. Its label is 1, 2, ... in the order WT, TC, ET.
Segment segment_of(Region region);

/// The internal number of a tissue (kNecrotic, ...), by a segment's coded type or else its name; nothing when it is none.
std::optional<Label> tissue_of(const Segment& segment);
/// The region that a segment shows, by its name ("WT", "Whole tumor", ...); nothing when it is none.
std::optional<Region> region_of(const Segment& segment);

/// Plane k in the numbers of a scheme, from tissues or from overlapping regions: TC lies on WT, and ET on TC.
/// @throws Error{kMismatch} naming a segment that is none of the scheme.
void compose_scheme_plane(const Structures& structures, const LabelScheme& scheme, std::size_t k, std::span<Label> labels);

}  // namespace consilium::imaging
