#include "imaging/image_file.h"

#include <array>
#include <string_view>

#include "imaging/itk/read_itk_image.h"
#include "imaging/ops/orient.h"

namespace consilium::imaging {
namespace {

constexpr std::array<std::string_view, 4> kNifti{".nii.gz", ".nii", ".hdr", ".img"};
constexpr std::array<std::string_view, 4> kOthers{".nrrd", ".nhdr", ".mha", ".mhd"};

template <std::size_t N>
std::size_t ending(const std::string& name, const std::array<std::string_view, N>& endings) {
  for (const std::string_view end : endings)
    if (name.ends_with(end)) return end.size();
  return 0;
}

}  // namespace

bool is_nifti_name(const std::filesystem::path& file) { return ending(file.filename().string(), kNifti) > 0; }
bool is_image_name(const std::filesystem::path& file) { return is_nifti_name(file) || ending(file.filename().string(), kOthers) > 0; }

std::string image_stem(const std::filesystem::path& file) {
  std::string name = file.filename().string();
  name.resize(name.size() - std::max(ending(name, kNifti), ending(name, kOthers)));
  return name;
}

NiftiSummary inspect_image(const std::filesystem::path& file, const NiftiReadOptions& options) {
  if (is_nifti_name(file)) return inspect_nifti(file, options);
  const ImageFile image = read_itk_image(file);
  NiftiSummary summary;
  summary.version = 0;
  summary.data_type = image.integers ? "integers" : "values";
  summary.geometry = image.volumes.front().geometry;
  for (const std::size_t size : summary.geometry.size) summary.shape.push_back(static_cast<std::int64_t>(size));
  if (image.volumes.size() > 1) summary.shape.push_back(static_cast<std::int64_t>(image.volumes.size()));
  summary.orientation = orientation_code(summary.geometry);
  summary.transform_source = "header";
  return summary;
}

ImageFile read_image(const std::filesystem::path& file, const NiftiReadOptions& options) {
  if (!is_nifti_name(file)) return read_itk_image(file);
  const NiftiSummary summary = inspect_nifti(file, options);
  ImageFile image{read_nifti_volumes(file, options), {}, summary.warnings};
  if (summary.data_type == "int16" || summary.data_type == "uint8" || summary.data_type == "int8")
    image.integers = NiftiScaling{summary.scl_slope, summary.scl_inter};
  return image;
}

}  // namespace consilium::imaging
