#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/open_file.h"

namespace consilium::fl {

/// Bytes in memory or in a file, read piece by piece; several threads may read at once.
class ByteSource {
 public:
  /// `bytes` must outlive the source.
  static ByteSource of_bytes(std::string_view bytes);
  /// @throws Error{kNotFound}
  static ByteSource of_file(const std::filesystem::path& path);

  std::uint64_t size_bytes() const { return size_bytes_; }
  /// @throws Error{kCorruptData} they end before.
  std::string read(std::uint64_t offset, std::uint64_t count) const;

 private:
  ByteSource() = default;

  std::string_view bytes_;
  std::unique_ptr<const OpenFile> file_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace consilium::fl
