#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace consilium {

/// An open file; closed with its scope. It can be read on after its name is gone.
class OpenFile {
 public:
  /// `write`: made if it is not there. @throws Error{kNotFound} or Error{kCannotWrite}
  OpenFile(const std::filesystem::path& path, bool write);
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::uint64_t size() const;
  /// When its bytes last changed: nanoseconds since 1970.
  std::int64_t changed_at() const;
  /// Fills `bytes` as far as the file goes; how many came, fewer only at the end of the file. From any number of threads. @throws Error{kCorruptData}
  std::size_t read(std::uint64_t offset, std::span<char> bytes) const;
  /// Up to `count` bytes, fewer only at the end of the file. @throws Error{kCorruptData}
  std::string read(std::uint64_t offset, std::size_t count) const;
  /// @throws Error{kCannotWrite} saying when the disk is full.
  void write(std::uint64_t offset, std::string_view bytes) const;
  /// Makes it `bytes` long. @throws Error{kCannotWrite}
  void resize(std::uint64_t bytes) const;
  /// Waits until the disk has it. @throws Error{kCannotWrite}
  void sync() const;
  /// Takes the room for `bytes` bytes now, so that a full disk is noticed before a transfer and not in it. @throws Error{kCannotWrite}
  void reserve(std::uint64_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace consilium
