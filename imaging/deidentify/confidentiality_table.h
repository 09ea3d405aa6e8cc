#pragma once

#include <cstdint>
#include <span>

namespace consilium::imaging {

/// What the Basic Profile does with an attribute: D gives it a dummy value, Z empties it, X removes it, U maps its UID. Of several
/// letters the first holds unless the object would break without the attribute (its Type is 2 for Z, 1 for D and U*).
enum class BasicAction : std::uint8_t { kD, kZ, kX, kU, kXZ, kXD, kZD, kXZD, kXZU };

struct ConfidentialityRow {
  std::uint32_t tag = 0;  ///< group and element
  BasicAction basic = BasicAction::kX;
  /// A letter for each option that has a say. Kept by: u Retain UIDs, m Retain Device Identity, i Retain Institution Identity,
  /// p Retain Patient Characteristics. Cleaned by: M and P the same two, d Clean Descriptors, s Clean Structured Content,
  /// g Clean Graphics, f Retain Safe Private. t: kept by Retain Longitudinal Full Dates, cleaned by Modified Dates.
  const char* options = "";
};

/// DICOM PS3.15 2024b, Table E.1-1: the rows of single attributes, by tag.
std::span<const ConfidentialityRow> confidentiality_rows();

/// Its rows of curves, overlay data, overlay comments and private attributes, by the lowest tag that each matches.
std::span<const ConfidentialityRow> confidentiality_group_rows();

/// Row of a tag, repeating groups and private attributes included; null when the table does not have it.
const ConfidentialityRow* find_confidentiality_row(std::uint32_t tag);

}  // namespace consilium::imaging
