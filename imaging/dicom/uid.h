#pragma once

#include <string>
#include <string_view>

namespace consilium::imaging {

/// A DICOM UID that belongs to a name: same name, same UID, on every machine.
///
/// "2.25." and the decimal value of a version 8 UUID made of the first 128 bits of SHA-256(name). At most 44 characters.
/// Source: DICOM PS3.5 B.2 (UUID derived UID); RFC 9562 section 5.8 and appendix B.2.
std::string uid_of_name(std::string_view name);

}  // namespace consilium::imaging
