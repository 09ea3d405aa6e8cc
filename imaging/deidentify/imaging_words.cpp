#include <algorithm>
#include <string_view>

#include "imaging/deidentify/identity.h"

namespace consilium::imaging {
namespace {

/// Sorted. None of them is a usual family name; three letters or more, shorter ones stay anyway.
constexpr std::string_view kWords[] = {
    "15t", "3dt", "3plane", "abd", "abdomen", "abdominal", "acquisition", "adc", "adrenal", "angio", "ankle", "aorta",
    "apparent", "arm", "arterial", "asl", "attenuation", "aver", "average", "axi", "axial", "basal", "biliary", "bladder",
    "blade", "blood", "body", "bold", "bone", "brain", "bravo", "breast", "breath", "bvalue", "caipi", "calibration",
    "cardiac", "carotid", "cbf", "cbv", "cerebral", "cervical", "chest", "cine", "ciss", "coil", "colon", "contrast", "cor",
    "coronal", "coronary", "corrected", "cube", "delayed", "derived", "diff", "diffusion", "dir", "dixon", "dose", "dti",
    "dual", "dwi", "dynamic", "early", "ecg", "echo", "elbow", "enhanced", "ep2d", "epi", "eswan", "factor", "fast", "fat",
    "fdg", "femur", "fgre", "field", "fieldmap", "fiesta", "filter", "flair", "flash", "flow", "fmri", "foot", "fov",
    "frfse", "fse", "fsl", "fspgr", "gad", "gadolinium", "gated", "gradient", "grappa", "gre", "hand", "haste", "head",
    "heart", "high", "hip", "hold", "image", "images", "inversion", "irfse", "iso", "isotropic", "joint", "kernel",
    "kidney", "knee", "late", "lateral", "left", "leg", "liver", "loc", "localiser", "localizer", "low", "lower", "lumbar",
    "lung", "magnitude", "map", "mask", "mean", "mip", "mosaic", "mpr", "mprage", "mra", "mrcp", "mri", "mrv", "mtt",
    "multi", "native", "neck", "non", "oblique", "optic", "orbit", "orbits", "pancreas", "parallel", "pelvis", "perf",
    "perfusion", "pet", "phase", "pituitary", "plain", "plane", "portal", "post", "pre", "proset", "prostate", "proton",
    "pwi", "radial", "raw", "recon", "rectum", "ref", "reference", "reformat", "renal", "resolution", "rest", "resting",
    "right", "sag", "sagittal", "saturation", "scan", "scout", "sense", "series", "shoulder", "sinus", "skull", "slab",
    "slice", "smart", "soft", "space", "spgr", "spin", "spine", "spiral", "spleen", "standard", "state", "stir",
    "suppressed", "survey", "susceptibility", "swan", "swi", "task", "temporal", "test", "tfe", "tfl", "thick", "thin",
    "thoracic", "thorax", "thyroid", "tibia", "tilt", "time", "tirm", "tissue", "tof", "topogram", "tra", "trace", "tracer",
    "tracew", "transverse", "true", "trufi", "tse", "tumor", "tumour", "turbo", "upper", "uterus", "vein", "venous", "vibe",
    "volume", "water", "weighted", "whole", "with", "without", "wrist"};

/// Words with digits in them that name a sequence: t1w, t2flair, 3d, b1000.
bool is_sequence_name(std::string_view word) {
  constexpr std::string_view kBeginnings[] = {"t1", "t2", "pd", "b0", "dti", "dwi", "ep2d", "ep3d", "fl2d", "fl3d", "tfl3d", "2d", "3d", "4d"};
  constexpr std::string_view kEndings[] = {"", "w", "c", "ce", "gd", "se", "tse", "fse", "gre", "flair", "tirm", "stir", "star", "fs", "mprage", "ax", "cor", "sag", "tra", "diff", "bold", "pace", "map"};
  for (const std::string_view beginning : kBeginnings)
    if (word.starts_with(beginning) && std::find(std::begin(kEndings), std::end(kEndings), word.substr(beginning.size())) != std::end(kEndings)) return true;
  return false;
}

}  // namespace

bool is_imaging_word(const std::string& word) { return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords) || is_sequence_name(word); }

}  // namespace consilium::imaging
