#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::pipelines {

/// Where the images of one patient lie. Nothing is read yet.
struct CasePaths {
  std::string name;                                       ///< the case's folder, or the common part of its file names
  std::string split;                                      ///< "train", "test", or empty where the site has no such folders
  std::filesystem::path folder;
  std::map<std::string, std::filesystem::path> channels;  ///< T1, T1ce, T2, FLAIR, CT, PET or MR -> NIfTI file; what is not here comes from DICOM
  std::optional<std::filesystem::path> labels;
  std::optional<std::filesystem::path> dicom;             ///< folder of DICOM series, to be scanned when the case is loaded
};

/// The images of one patient, each on its own grid.
struct Case {
  std::string name;
  std::map<std::string, Volume> images;
  std::optional<LabelMap> labels;                    ///< internal numbers (imaging/label_scheme.h)
  std::map<std::string, std::string> evidence = {};  ///< channel -> why this image is it
};

}  // namespace consilium::pipelines
