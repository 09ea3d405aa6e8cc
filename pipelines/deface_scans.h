#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "imaging/deidentify/deidentify.h"

namespace consilium::pipelines {

/// What is to be removed of which file, and why nothing is of others.
struct FacesToRemove {
  std::map<std::filesystem::path, imaging::FaceToRemove> files;
  std::map<std::filesystem::path, std::string> refused;  ///< images whose face was not found
};

/// Finds the face in each MR and CT series. Series where none is found (localizers, thick slices), and other scans, take the plane of the one
/// of their study and frame of reference with most of a face; without such a one they are refused. For each series with a face of its own
/// `review`/<pseudonym of the series>.png shows it before and after.
/// @throws Error{kCannotWrite} a picture exists, unless `overwrite`.
FacesToRemove find_faces(const std::vector<std::filesystem::path>& files, const std::filesystem::path& review, const imaging::Pseudonyms& pseudonyms, bool overwrite);

/// Removes the face from an image that is not DICOM (NIfTI, NRRD, MetaImage): `output`/<name>.nii.gz, and `review`/<name>.png. Values below
/// -500 are taken for Hounsfield units. Nothing of the old header is kept but the grid.
/// @throws Error{kUnsupported} as find_face, and 4-D images; Error{kCannotWrite} they exist, unless `overwrite`.
std::filesystem::path deface_image(const std::filesystem::path& input, const std::filesystem::path& output, const std::filesystem::path& review, bool overwrite);

}  // namespace consilium::pipelines
