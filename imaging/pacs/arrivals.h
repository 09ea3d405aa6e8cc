#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace consilium::imaging {

enum class Arrival { kStored, kKnown };  ///< kKnown: the same object was there already

struct Arrived {
  Arrival arrival;
  std::filesystem::path file;
};

/// The folder into which objects of a peer are put: STUDY/SERIES/INSTANCE.dcm, each complete or not there at all; nothing is ever
/// replaced. Only for imaging/pacs/*.cpp.
class Arrivals {
 public:
  /// @throws Error{kCannotWrite}
  Arrivals(std::filesystem::path folder, std::uint64_t least_free_bytes);

  /// Whether the disk still has room by the option.
  bool has_room() const;

  /// A name for a file in the making, in the folder's ".incoming".
  std::filesystem::path new_file();

  /// Gives a complete file its name.
  /// @throws Error{kCorruptData} not an object, or another than announced; Error{kMismatch} another object has its UID;
  /// Error{kCannotWrite}. The file is removed.
  Arrived take(const std::filesystem::path& file, const std::string& announced_instance_uid);

  /// Writes a data set and takes it.
  Arrived take(DcmDataset& data_set, const std::string& announced_instance_uid);

 private:
  std::filesystem::path folder_;
  std::uint64_t least_free_bytes_;
  std::uint64_t serial_ = 0;
};

/// Removes what processes that are gone left in ".incoming" of a folder.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace consilium::imaging
