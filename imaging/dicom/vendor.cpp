#include "imaging/dicom/vendor.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/values.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

constexpr double kLargestB = 1e5;

std::optional<double> first(const std::vector<double>& values) {
  return values.empty() ? std::nullopt : std::optional<double>(values.front());
}

std::optional<Vec3> vector(const std::vector<double>& values) {
  return values.size() < 3 ? std::nullopt : std::optional<Vec3>({values[0], values[1], values[2]});
}

void read_siemens(DcmItem& item, DicomHeader& h) {
  const auto tag = [](std::uint8_t element) { return PrivateTag{0x0019, "SIEMENS MR HEADER", element}; };
  set_diffusion(h, first(private_numbers(item, tag(0x0C), PrivateType::kText)),
                vector(private_numbers(item, tag(0x0E), PrivateType::kFloat64)));
}

void read_philips(DcmItem& item, DicomHeader& h) {
  const auto b = private_numbers(item, {0x2001, "Philips Imaging DD 001", 0x03}, PrivateType::kFloat32);
  std::vector<double> direction;
  for (const std::uint8_t element : {0xB0, 0xB1, 0xB2})
    for (const double value : private_numbers(item, {0x2005, "Philips MR Imaging DD 001", element}, PrivateType::kFloat32))
      direction.push_back(value);
  set_diffusion(h, first(b), vector(direction));
  h.is_isotropic |= private_text(item, {0x2001, "Philips Imaging DD 001", 0x04}) == "I";
}

void read_united_imaging(DcmItem& item, DicomHeader& h) {
  const auto tag = [](std::uint8_t element) { return PrivateTag{0x0065, "Image Private Header", element}; };
  set_diffusion(h, first(private_numbers(item, tag(0x09), PrivateType::kFloat64)),
                vector(private_numbers(item, tag(0x37), PrivateType::kFloat64)));
}

/// From the axes of GE's gradients to the patient. Their signs follow the plane (its dominant axis), not the software version, and were
/// found by others on scans of known phantoms: dcm2niix's rule, which holds for patients who lie head first and supine; else nothing.
/// Source: dcm2niix, GE section of its manual; X. Li, dicm2nii.
std::optional<Vec3> ge_to_patient(DcmItem& item, const DicomHeader& h, const Vec3& g) {
  const std::string axis = text_of(item, DCM_InPlanePhaseEncodingDirection);
  const bool by_row = axis.starts_with("ROW");
  if (!h.has_geometry || text_of(item, DCM_PatientPosition) != "HFS" || !(by_row || axis.starts_with("COL"))) return std::nullopt;
  const double a = by_row ? g[1] : g[0], b = by_row ? -g[0] : g[1];
  const Vec3 normal = cross(h.row, h.column);
  const Vec3 size{std::abs(normal[0]), std::abs(normal[1]), std::abs(normal[2])};
  const bool sagittal = size[0] > size[1] && size[0] > size[2], axial = !sagittal && size[2] > size[1];
  const double along_row = sagittal ? a : -a, along_column = axial ? -b : b, along_normal = sagittal ? -g[2] : g[2];
  Vec3 direction;
  for (std::size_t n = 0; n < 3; ++n) direction[n] = along_row * h.row[n] + along_column * h.column[n] + along_normal * normal[n];
  return direction;
}

/// A direction that is shorter than 1 means a b-value that was scaled by its square; GE rounds those to 5 s/mm2.
void read_ge(DcmItem& item, DicomHeader& h) {
  constexpr double kBOffset = 1e5;  // some versions add a multiple of it
  constexpr double kShortest = 0.03, kScaled = 0.97, kRounding = 5;
  auto b = first(private_numbers(item, {0x0043, "GEMS_PARM_01", 0x39}, PrivateType::kText));
  if (b) b = std::fmod(*b, kBOffset);
  std::vector<double> values;
  for (const std::uint8_t element : {0xBB, 0xBC, 0xBD})
    for (const double value : private_numbers(item, {0x0019, "GEMS_ACQU_01", element}, PrivateType::kText)) values.push_back(value);
  std::optional<Vec3> direction = values.size() == 3 ? vector(values) : std::nullopt;
  const double length = direction ? length_of(*direction) : 0;
  if (b && length > kShortest && length < kScaled) b = kRounding * std::round(*b * length * length / kRounding);
  if (length > kShortest) {
    for (double& x : *direction) x /= length;
    direction = ge_to_patient(item, h, *direction);
  } else {
    direction.reset();
  }
  set_diffusion(h, b, direction);
}

}  // namespace

bool is_from(const DicomHeader& h, std::string_view name) {
  std::string maker = h.manufacturer;
  for (char& c : maker) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return maker.find(name) != std::string::npos;
}

void set_diffusion(DicomHeader& h, std::optional<double> b_value, const std::optional<Vec3>& gradient) {
  if (!b_value || !(*b_value >= 0 && *b_value < kLargestB)) return;
  h.b_value = b_value;
  if (!gradient || *b_value == 0) return;
  const Vec3& g = *gradient;
  const double length = length_of(g);
  if (std::abs(length - 1) < 0.1) h.gradient = Vec3{g[0] / length, g[1] / length, g[2] / length};
}

void apply_philips_scale(DcmItem& item, DicomHeader& h) {
  constexpr double kLeastScale = 1e-15;
  if (!is_from(h, "philips") || h.slope == 0) return;
  const auto scale = first(private_numbers(item, {0x2005, "Philips MR Imaging DD 001", 0x0E}, PrivateType::kFloat32));
  if (!scale || !(*scale > kLeastScale)) return;
  h.philips_scale = scale;
  h.intercept = h.intercept / (h.slope * *scale);
  h.slope = 1 / *scale;
}

void read_diffusion(DcmItem& item, DicomHeader& h) {
  if (h.modality != "MR") return;
  h.is_isotropic = text_of(item, DCM_DiffusionDirectionality) == "ISOTROPIC";
  set_diffusion(h, number_of(item, DCM_DiffusionBValue), vector_of(item, DCM_DiffusionGradientOrientation));
  if (h.b_value && (*h.b_value == 0 || h.gradient)) return;
  if (is_from(h, "siemens")) read_siemens(item, h);
  if (is_from(h, "philips")) read_philips(item, h);
  if (is_from(h, "uih") || is_from(h, "united")) read_united_imaging(item, h);
  if (is_from(h, "ge ") || is_from(h, "gems")) read_ge(item, h);
}

}  // namespace consilium::imaging
