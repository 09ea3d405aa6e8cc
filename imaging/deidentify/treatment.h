#pragma once

#include <cstdint>
#include <string>

#include "imaging/deidentify/confidentiality_table.h"
#include "imaging/deidentify/options.h"

namespace consilium::imaging {

/// What happens to one attribute of one object.
enum class Treatment { kKeep, kRemove, kEmpty, kDummy, kMapUid, kMoveDate, kClean };

/// Kinds of objects in which attributes that are mostly optional have to be there.
enum class ObjectKind : unsigned {
  kPlain = 0,
  kPet = 1,             ///< classic PET: series date and time are Type 1
  kEnhanced = 2,        ///< multi-frame with functional groups, segmentations too
  kReport = 4,          ///< structured reports, key objects
  kRadiotherapy = 8,
  kWaveform = 16,
  kPresentation = 32,
  kSlide = 64,          ///< whole-slide microscopy
};

ObjectKind object_kind(const std::string& sop_class_uid);

/// Where the attribute stands.
struct Place {
  ObjectKind kind = ObjectKind::kPlain;
  bool is_nested = false;  ///< in a sequence
};

/// The table's action for a row, with options and the object's needs worked in.
///
/// An option that has a letter in the row goes before the basic action; moving a date goes before keeping it.
/// Source: DICOM PS3.15 E.1.1 and Table E.1-1; Types of PS3.3 for actions such as X/Z/D.
Treatment treatment_of(const ConfidentialityRow& row, const DeidentifyOptions& options, const Place& place);

}  // namespace consilium::imaging
