#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/phantom/site_profile.h"

namespace consilium::pipelines {

struct PhantomRequest {
  std::vector<std::filesystem::path> profiles;  ///< site profiles (JSON)
  std::filesystem::path output;                 ///< OUT/<site>/{train,test}/<case>/...
  std::uint64_t seed = 1;
  std::optional<int> cases;  ///< instead of each profile's
  std::optional<int> held_out_cases;
  double scale = 1;                           ///< multiplies every voxel size, > 0
  std::optional<imaging::Delivery> delivery;  ///< instead of each profile's
};

struct PhantomCase {
  std::string name;
  std::string split;  ///< "train" or "test"
  std::filesystem::path folder;
  bool low_grade = false;
  double necrotic_ml = 0;   ///< label 1
  double oedema_ml = 0;     ///< label 2
  double enhancing_ml = 0;  ///< label 3
};

struct PhantomSite {
  std::string name;
  imaging::Delivery delivery = imaging::Delivery::kNiftiBrats;
  std::vector<PhantomCase> cases;
};

struct PhantomReport {
  std::vector<PhantomSite> sites;
};

/// Writes the patients of every profile. Same profiles and seed, same bytes, whatever the number of threads.
///
/// DICOM delivery: <case>/dicom/<n>_<series>/*.dcm, and <case>/<case>-seg.nii.gz on the grid of T1ce. NIfTI, BraTS 2023 names:
/// <case>/<case>-{t1n,t1c,t2w,t2f,ct,pet,seg}.nii.gz. BIDS: sub-<case>/anat/sub-<case>[_ce-gadolinium]_{T1w,T2w,FLAIR}.nii.gz and
/// sub-<case>_dseg.nii.gz. Labels: 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing.
/// Every image appears under its name only when it is complete.
/// @throws Error{kUsage} no profile, two sites of one name, or a value out of range; Error{kCannotWrite}; as read_site_profile.
PhantomReport write_phantom_sites(const PhantomRequest& request);

Json to_json(const PhantomReport& report);

}  // namespace consilium::pipelines
