#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// Images of one acquisition that form a block of parallel slices, in the order of their positions.
struct Series {
  std::vector<DicomHeader> slices;  ///< along the slice normal (row x column), never by Instance Number
  Geometry geometry;                ///< of the block; size 0 when `problem` says why there is none
  std::string acquisition;          ///< what the volumes of one 4-D image share: the Series Instance UID, or more where each is a series of its own
  int volume = 0;                   ///< of a series that holds several images at each position: 1, 2, ...; else 0
  std::string part;                 ///< how this part differs when one Series Instance UID held several; else empty
  std::string problem;              ///< why it cannot be loaded as one volume; empty when it can
  bool is_uneven = false;           ///< it is that the slices' distances differ
  double tilt_degrees = 0;          ///< it is that they are sheared by this angle (gantry tilt); 0 when they are not

  const DicomHeader& header() const { return slices.front(); }
};

struct RejectedFile {
  std::filesystem::path file;
  std::string reason;
  ErrorCode code = ErrorCode::kUnsupported;  ///< or kCorruptData
  int series_number = 0;                     ///< 0 when the file does not say
  bool holds_image =
      true;  ///< an image of a scanner that is lost without it; false for a second copy, an index, a report, a screenshot
};

/// What lies in a folder.
struct Study {
  std::vector<Series> series;          ///< by series number, then part and volume
  std::vector<DicomHeader> structures;  ///< files with segmentations (SEG) and contours (RTSTRUCT) of images, in the order of names
  std::vector<RejectedFile> rejected;  ///< DICOM that is damaged or of a kind that is not read, and second copies of an image
  std::size_t other_files = 0;         ///< files that are not DICOM at all
};

/// Reads the headers below a folder (or of one file) on thread_limit() threads and groups them into series.
///
/// A series is what shares a Series Instance UID (volumes that Siemens XA split into series of their own are joined again), and within it series number, image size, spacing, orientation, image type,
/// content and echo time. Frames of enhanced images and tiles of mosaics are slices like any other.
/// Slices are ordered by the projection of their position on the normal. Uneven distances, gantry tilt and images that do not
/// fill a block are told in `problem`. Links to folders are not followed; folders are read 16 deep.
/// @throws Error{kNotFound} no such folder or file.
/// Source: DICOM PS3.3 C.7.6.2.1.1 (image plane).
Study scan_study(const std::filesystem::path& path, Unplaced unplaced = Unplaced::kRefuse);

/// The same for files named one by one. @throws Error{kNotFound} naming the file that is not there.
Study scan_files(const std::vector<std::filesystem::path>& files, Unplaced unplaced = Unplaced::kRefuse);

/// How many series from `first` on are volumes of one 4-D image: 1 where it is none, or where the next is of another kind or has another problem.
std::size_t volumes_from(const Study& study, std::size_t first);

/// Whether a file can be read and looks_like_dicom (file_start.h).
bool is_dicom_file(const std::filesystem::path& file);

/// The first DICOM file below a folder, in the order of names.
std::optional<std::filesystem::path> first_dicom_file(const std::filesystem::path& folder);

}  // namespace consilium::imaging
