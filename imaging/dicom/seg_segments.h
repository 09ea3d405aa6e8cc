#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

#include "imaging/structures.h"

namespace consilium::imaging {

// Segment Sequence (0062,0002). Only for imaging/dicom/*.cpp. Source: DICOM PS3.3 C.8.20.4 (segment description).

/// Segment 0, the background of label maps, is not among them. @throws Error{kCorruptData} two segments of one number, or none at all.
std::vector<Segment> read_segments(DcmItem& data_set);

/// Numbers, names, terms and colours; and each segment's label in a private attribute, as Segment Numbers of binary and fractional
/// images have no choice. `has_background`: with segment 0. @throws Error{kUsage} a segment without name, category or type.
void put_segments(DcmItem& data_set, const std::vector<Segment>& segments, bool has_background);

CodedTerm read_term(DcmItem* parent, const DcmTagKey& sequence);
/// Nothing when the term is not set.
void put_term(DcmItem& parent, const DcmTagKey& sequence, const CodedTerm& term);

}  // namespace consilium::imaging
