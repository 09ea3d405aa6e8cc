#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/open_file.h"
#include "models/state/safetensors.h"

namespace consilium {

/// A safetensors file that stays on disk: its header is read and checked, its values are read block by block, from any number of threads.
/// The open file outlives its name: it can be read on after it was removed.
class SafetensorsFile {
 public:
  /// `origin` names the file in messages, where its path is nobody's business; empty: the path. @throws Error{kNotFound} and as parse_safetensors.
  explicit SafetensorsFile(const std::filesystem::path& path, std::string origin = "");

  /// Tensors are numbered in the order of their names.
  std::size_t size() const { return tensors_.size(); }
  /// Name, group and shape; the values are not there.
  const NamedTensor& tensor(std::size_t number) const { return tensors_[number].tensor; }
  std::size_t value_count(std::size_t number) const { return tensors_[number].count; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Values [begin, begin + values.size()) of a tensor. @throws Error{kUsage} beyond its end; Error{kCorruptData} the file cannot be read.
  void read(std::size_t tensor, std::size_t begin, std::span<float> values) const;
  ModelFile load() const;

 private:
  struct Entry {
    NamedTensor tensor;
    std::uint64_t offset = 0;  ///< of its first byte, after the header
    std::size_t count = 0;
  };
  void read_bytes(std::uint64_t offset, std::span<char> bytes) const;

  std::string origin_;
  OpenFile file_;
  std::uint64_t values_begin_ = 0;
  std::vector<Entry> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A file whose values come tensor by tensor, so that only one is in memory: `sorted` by name, of which name, group and shape are used; `values(n)` gives those
/// of number n. Neither synced nor renamed into place: for a file that nobody else knows. @throws Error{kCannotWrite}; Error{kUsage} values do not fill a shape.
void write_safetensors_one_by_one(const std::filesystem::path& path, const std::vector<const NamedTensor*>& sorted, const std::function<std::vector<float>(std::size_t number)>& values);

/// The same tensors under other words about them, copied block by block. @throws Error{kCannotWrite}
void write_safetensors_copy(const std::filesystem::path& path, const SafetensorsFile& file, const std::map<std::string, std::string>& metadata);

}  // namespace consilium
