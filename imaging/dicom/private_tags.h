#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consilium::imaging {

/// Private attributes by their creator. Only for imaging/dicom/*.cpp. They come with any VR, UN included, so the caller says what
/// they hold. Source: DICOM PS3.5 section 7.8.
struct PrivateTag {
  std::uint16_t group;
  std::string_view creator;  ///< what the creator's name begins with
  std::uint8_t element;      ///< the last two digits
};

enum class PrivateType { kFloat32, kFloat64, kUint16, kText };

/// All values as numbers; empty when absent or not numbers.
std::vector<double> private_numbers(DcmItem& item, const PrivateTag& tag, PrivateType type);
std::string private_text(DcmItem& item, const PrivateTag& tag);
/// As stored. Empty when absent.
std::string private_bytes(DcmItem& item, const PrivateTag& tag);
/// The items of a private sequence; the first of them, null when absent.
std::vector<DcmItem*> private_items(DcmItem& item, const PrivateTag& tag);
DcmItem* private_item(DcmItem& item, const PrivateTag& tag);

}  // namespace consilium::imaging
