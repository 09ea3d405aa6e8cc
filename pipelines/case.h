#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "imaging/label_map.h"
#include "imaging/ops/register_rigid.h"
#include "imaging/volume.h"

namespace consilium::pipelines {

/// Where the images of one patient lie. Nothing is read yet.
struct CasePaths {
  std::string name;                                       ///< the case's folder, or the common part of its file names
  std::string split;                                      ///< "train", "test", or empty where the site has no such folders
  std::filesystem::path folder;
  std::map<std::string, std::filesystem::path> channels;  ///< T1, T1ce, T2, FLAIR, CT, PET or MR -> NIfTI file; what is not here comes from DICOM
  std::optional<std::filesystem::path> labels;
  std::string outlined{};                                 ///< pattern of the names of outlined regions (RTSTRUCT, SEG) that are the labels; empty: see dicom_labels.h
  std::optional<std::filesystem::path> dicom;             ///< folder of DICOM series, to be scanned when the case is loaded
};

/// An image that was registered, since its scanner's positions are not those of the reference channel.
struct Alignment {
  std::string to;                            ///< channel whose frame of reference is kept
  imaging::RigidRegistration registration;   ///< all figures are those of the channel of its frame that was compared
  std::string doubt;                         ///< why it should not be trusted; empty: nothing speaks against it
};

/// The images of one patient, each on its own grid.
struct Case {
  std::string name;
  std::map<std::string, Volume> images;
  std::optional<LabelMap> labels;                    ///< internal numbers (imaging/label_scheme.h)
  std::map<std::string, std::string> evidence = {};  ///< channel, or "labels" -> why this image is it, and how it came to lie where it does
  std::map<std::string, std::string> series = {};    ///< channel -> Series Instance UID of what comes from DICOM
  std::map<std::string, std::string> frames = {};    ///< channel, or "labels" -> frame of reference; what is not here lies as its file says
  std::map<std::string, Alignment> alignments = {};  ///< channel, or "labels" -> how it was brought into the reference channel's frame of reference
};

}  // namespace consilium::pipelines
