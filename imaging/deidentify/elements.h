#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace consilium::imaging {

// Single elements of a data set, as de-identification handles them. Only for imaging/deidentify/*.cpp.

/// Group and element as one number.
inline std::uint32_t tag_number(const DcmTagKey& key) { return static_cast<std::uint32_t>(key.getGroup()) << 16 | key.getElement(); }

inline bool is_private_group(std::uint16_t group) { return group % 2 == 1; }
inline bool is_overlay_group(std::uint16_t group) { return (group & 0xFF01) == 0x6000; }
bool is_sequence(DcmElement& element);
bool is_text(DcmEVR vr);  ///< free text; no codes (CS), names, dates, numbers or UIDs
bool is_known(const DcmTagKey& key);  ///< to the dictionary of standard attributes
/// A UID that names a class, a transfer syntax or a coding scheme: the same for all patients of the world.
bool names_class(const DcmTagKey& key);

/// The elements of one level; the list stays good while single ones are removed.
std::vector<DcmElement*> elements_of(DcmItem& item);
void remove_element(DcmItem& item, DcmElement& element);
void empty_element(DcmItem& item, DcmElement& element);

/// All values as they are in the file, without padding; "" when there is none.
std::string raw_value(DcmElement& element);
std::string raw_value(DcmItem& item, const DcmTagKey& key);
void put_text(DcmElement& element, const std::string& text);
/// Replaces each of the values that '\' separates; false when there is none.
bool change_values(DcmElement& element, const std::function<std::string(const std::string&)>& change);

/// A structured report's content becomes one text item that says nothing.
void make_dummy_content(DcmElement& sequence);

/// Overlays of before 2004 hide in the pixels' unused bits: those become zero where there are such overlays.
/// @throws Error{kUnsupported} the pixels are compressed.
void clear_overlay_bits(DcmItem& item);

}  // namespace consilium::imaging
