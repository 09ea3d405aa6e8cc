#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace consilium::imaging {

/// How a file begins, and what it was when that was read. A series is a thousand files: each is opened once to learn what it holds.
struct FileStart {
  std::filesystem::path file;
  std::uint64_t length = 0;  ///< bytes
  std::int64_t time = 0;     ///< of the last change, nanoseconds
  std::string bytes;         ///< the first ones: enough for a classic header, or all
};

/// @throws Error{kNotFound} no such file; as OpenFile.
FileStart read_start(const std::filesystem::path& file);

/// The first `count` bytes of a file, or all. @throws as read_start.
std::string read_first_bytes(const std::filesystem::path& file, std::size_t count);

/// Whether it starts as DICOM does: "DICM" after the preamble, or an element of group 0002 or 0008 where there is none.
bool looks_like_dicom(std::string_view start);

}  // namespace consilium::imaging
