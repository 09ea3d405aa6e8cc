#include "imaging/nifti/nifti_header.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "imaging/ops/orient.h"

namespace consilium::imaging {
namespace {

[[noreturn]] void refuse(const std::string& origin, const std::string& what, ErrorCode code = ErrorCode::kCorruptData) {
  throw Error(code, origin + ": " + what);
}

struct DataType {
  int code;
  const char* name;
  std::size_t bytes;
};
constexpr DataType kDataTypes[] = {{2, "uint8", 1},   {4, "int16", 2},    {8, "int32", 4},   {16, "float32", 4},  {64, "float64", 8},
                                   {256, "int8", 1},  {512, "uint16", 2}, {768, "uint32", 4}, {1024, "int64", 8}, {1280, "uint64", 8}};

/// Reads numbers at fixed offsets, in the file's byte order.
class Fields {
 public:
  Fields(std::string_view bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}
  template <typename T>
  T at(std::size_t offset) const {
    std::array<char, sizeof(T)> raw;
    std::memcpy(raw.data(), bytes_.data() + offset, sizeof(T));
    if (swapped_) std::reverse(raw.begin(), raw.end());
    return std::bit_cast<T>(raw);
  }

 private:
  std::string_view bytes_;
  bool swapped_;
};

/// Where the fields lie in the two versions; the meaning is the same.
struct RawHeader {
  std::array<std::int64_t, 8> dim;
  std::array<double, 8> pixdim;
  int data_type;
  int bits;
  double voxel_offset, slope, inter;
  int qform_code, sform_code, units;
  std::array<double, 6> quaternion;  // b c d, offset x y z
  std::array<std::array<double, 4>, 3> sform;
};

RawHeader read_version1(const Fields& f) {
  RawHeader h;
  for (int i = 0; i < 8; ++i) {
    h.dim[i] = f.at<std::int16_t>(40 + 2 * i);
    h.pixdim[i] = f.at<float>(76 + 4 * i);
  }
  h.data_type = f.at<std::int16_t>(70);
  h.bits = f.at<std::int16_t>(72);
  h.voxel_offset = f.at<float>(108);
  h.slope = f.at<float>(112);
  h.inter = f.at<float>(116);
  h.units = f.at<std::uint8_t>(123);
  h.qform_code = f.at<std::int16_t>(252);
  h.sform_code = f.at<std::int16_t>(254);
  for (int i = 0; i < 6; ++i) h.quaternion[i] = f.at<float>(256 + 4 * i);
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 4; ++c) h.sform[r][c] = f.at<float>(280 + 16 * r + 4 * c);
  return h;
}

RawHeader read_version2(const Fields& f) {
  RawHeader h;
  h.data_type = f.at<std::int16_t>(12);
  h.bits = f.at<std::int16_t>(14);
  for (int i = 0; i < 8; ++i) {
    h.dim[i] = f.at<std::int64_t>(16 + 8 * i);
    h.pixdim[i] = f.at<double>(104 + 8 * i);
  }
  h.voxel_offset = static_cast<double>(f.at<std::int64_t>(168));
  h.slope = f.at<double>(176);
  h.inter = f.at<double>(184);
  h.qform_code = f.at<std::int32_t>(344);
  h.sform_code = f.at<std::int32_t>(348);
  for (int i = 0; i < 6; ++i) h.quaternion[i] = f.at<double>(352 + 8 * i);
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 4; ++c) h.sform[r][c] = f.at<double>(400 + 32 * r + 8 * c);
  h.units = f.at<std::int32_t>(500);
  return h;
}

/// An affine in RAS: column c is the step along index axis c, column 3 the position of voxel (0, 0, 0).
using Affine = std::array<std::array<double, 4>, 3>;

Affine qform_affine(const RawHeader& h, const Vec3& spacing) {
  double b = h.quaternion[0], c = h.quaternion[1], d = h.quaternion[2];
  double a = 1 - (b * b + c * c + d * d);
  if (a < 1e-7) {  // a rotation by 180 degrees, up to rounding: the vector part is normalised
    const double length = std::sqrt(b * b + c * c + d * d);
    b /= length, c /= length, d /= length, a = 0;
  } else {
    a = std::sqrt(a);
  }
  const double handed = h.pixdim[0] < 0 ? -1 : 1;
  Affine m{{{a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c, h.quaternion[3]},
            {2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b, h.quaternion[4]},
            {2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - c * c - b * b, h.quaternion[5]}}};
  for (auto& row : m) {
    row[0] *= spacing[0];
    row[1] *= spacing[1];
    row[2] *= spacing[2] * handed;
  }
  return m;
}

Matrix3 inverse_transpose(const Matrix3& m, double determinant) {
  Matrix3 cofactors;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) {
      const int r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
      cofactors[r][c] = (m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]) / determinant;
    }
  return cofactors;
}

double determinant(const Matrix3& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/// The orthonormal matrix nearest to `m` (polar decomposition by Newton's iteration; Higham 1986, doi:10.1137/0907079).
Matrix3 nearest_orthonormal(Matrix3 m) {
  for (int step = 0; step < 30; ++step) {
    const Matrix3 other = inverse_transpose(m, determinant(m));
    for (int r = 0; r < 3; ++r)
      for (int c = 0; c < 3; ++c) m[r][c] = 0.5 * (m[r][c] + other[r][c]);
  }
  return m;
}

/// RAS affine -> LPS geometry; warns about shear.
void set_transform(NiftiSummary& summary, const Affine& affine, const std::string& origin) {
  Geometry& g = summary.geometry;
  for (int c = 0; c < 3; ++c) {
    const double length = std::hypot(affine[0][c], affine[1][c], affine[2][c]);
    if (!std::isfinite(length) || length <= 0) refuse(origin, summary.transform_source + " column " + std::to_string(c) + " has no length");
    g.spacing_mm[c] = length;
    for (int r = 0; r < 3; ++r) g.direction[r][c] = affine[r][c] / length;
  }
  const double volume = determinant(g.direction);
  if (!(std::abs(volume) > 0.1)) refuse(origin, summary.transform_source + " is singular or nearly so");
  const Matrix3 rotation = nearest_orthonormal(g.direction);
  double shear = 0;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) shear = std::max(shear, std::abs(rotation[r][c] - g.direction[r][c]));
  summary.shear = shear;
  if (shear > 1e-3) summary.warnings.push_back(summary.transform_source + " is sheared: the nearest rotation is used, positions are approximate");
  g.direction = rotation;
  for (int r = 0; r < 3; ++r) {
    g.origin_mm[r] = affine[r][3];
    if (!std::isfinite(affine[r][3])) refuse(origin, summary.transform_source + " offset is not finite");
  }
  // RAS -> LPS: x and y change sign.
  for (int r = 0; r < 2; ++r) {
    g.origin_mm[r] = -g.origin_mm[r];
    for (int c = 0; c < 3; ++c) g.direction[r][c] = -g.direction[r][c];
  }
  for (auto& row : g.direction)
    for (double& value : row) value += 0.0;  // -0 -> 0
  for (double& value : g.origin_mm) value += 0.0;
  validate(g);
  summary.orientation = orientation_code(g);
}

/// Tells by how much the far corner moves.
void warn_of_disagreement(NiftiSummary& summary, const Affine& sform, const Affine& qform, bool qform_is_used) {
  constexpr double kVoxelShare = 0.1;  // headers are single precision, and tools round
  double apart = 0, voxel = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double square = 0;
    for (std::size_t r = 0; r < 3; ++r) {
      double difference = sform[r][3] - qform[r][3];
      for (std::size_t c = 0; c < 3; ++c)
        if ((corner >> c & 1) != 0)
          difference += (sform[r][c] - qform[r][c]) * (static_cast<double>(summary.geometry.size[c]) - 1);
      square += difference * difference;
    }
    apart = std::max(apart, std::sqrt(square));
  }
  for (std::size_t c = 0; c < 3; ++c) voxel = std::max(voxel, std::hypot(qform[0][c], qform[1][c], qform[2][c]));
  if (!(apart <= kVoxelShare * voxel)) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g", apart);
    summary.warnings.push_back(std::string("sform and qform disagree by up to ") + text.data() + " mm; the " +
                               (qform_is_used ? "qform" : "sform") + " is used");
  }
}

void read_shape(NiftiHeader& header, const RawHeader& raw, const std::string& origin) {
  if (raw.dim[0] < 1 || raw.dim[0] > 7) refuse(origin, "dim[0] is " + std::to_string(raw.dim[0]) + "; expected 1 to 7");
  std::uint64_t bytes = header.bytes_per_voxel;
  for (int i = 1; i <= raw.dim[0]; ++i) {
    const std::int64_t size = raw.dim[i];
    if (size < 1) refuse(origin, "dim[" + std::to_string(i) + "] is " + std::to_string(size) + "; expected at least 1");
    const auto count = static_cast<std::uint64_t>(size);
    if (bytes > std::numeric_limits<std::int64_t>::max() / count) refuse(origin, "dim promises more voxels than any file can hold");
    bytes *= count;
    header.summary.shape.push_back(size);
    if (i <= 3) header.summary.geometry.size[i - 1] = count;
    if (i > 3) header.volumes *= count;
  }
  for (int axis = static_cast<int>(raw.dim[0]); axis < 3; ++axis) header.summary.geometry.size[axis] = 1;
}

double unit_in_mm(int units, std::vector<std::string>& warnings) {
  switch (units & 7) {
    case 1: return 1000;   // metre
    case 3: return 0.001;  // micrometre
    case 0:
    case 2: return 1;
    default: warnings.emplace_back("xyzt_units holds an unknown space unit; millimetres assumed"); return 1;
  }
}

}  // namespace

NiftiHeader parse_nifti_header(std::string_view bytes, const std::string& origin, const NiftiReadOptions& options) {
  if (bytes.size() < 348) refuse(origin, "has " + std::to_string(bytes.size()) + " bytes; a NIfTI header needs 348");
  NiftiHeader header;
  NiftiSummary& summary = header.summary;
  const auto size_native = Fields(bytes, false).at<std::int32_t>(0);
  const auto size_swapped = Fields(bytes, true).at<std::int32_t>(0);
  if (size_native == 348 || size_native == 540) {
    summary.version = size_native == 348 ? 1 : 2;
  } else if (size_swapped == 348 || size_swapped == 540) {
    summary.version = size_swapped == 348 ? 1 : 2;
    summary.byte_swapped = true;
  } else {
    refuse(origin, "is not NIfTI: sizeof_hdr is " + std::to_string(size_native) + ", expected 348 or 540");
  }
  if (summary.version == 2 && bytes.size() < 540) refuse(origin, "has " + std::to_string(bytes.size()) + " bytes; a NIfTI-2 header needs 540");
  const std::string_view magic = bytes.substr(summary.version == 1 ? 344 : 4, 4);
  const std::string digit = summary.version == 1 ? "1" : "2";
  header.pair = magic == std::string("ni") + digit + '\0';
  if (!header.pair && magic != std::string("n+") + digit + '\0') refuse(origin, "magic is not n+" + digit + " or ni" + digit + " (Analyze 7.5 files carry no orientation and are not read)");

  const Fields fields(bytes, summary.byte_swapped);
  const RawHeader raw = summary.version == 1 ? read_version1(fields) : read_version2(fields);
  header.data_type_code = raw.data_type;
  const auto* type = std::find_if(std::begin(kDataTypes), std::end(kDataTypes), [&](const DataType& t) { return t.code == raw.data_type; });
  for (const auto& [code, name] : {std::pair{32, "complex64"}, {1792, "complex128"}, {2048, "complex256"}, {128, "RGB24"}, {2304, "RGBA32"},
                                   {1536, "float128"}, {1, "1 bit"}})
    if (raw.data_type == code)
      refuse(origin, std::string("voxels of type ") + name + " (datatype " + std::to_string(code) + ") are not read; integers and floats are", ErrorCode::kUnsupported);
  if (type == std::end(kDataTypes)) refuse(origin, "datatype " + std::to_string(raw.data_type) + " is not an integer or float type that is read here", ErrorCode::kUnsupported);
  summary.data_type = type->name;
  header.bytes_per_voxel = type->bytes;
  if (raw.bits != static_cast<int>(8 * type->bytes)) summary.warnings.push_back("bitpix " + std::to_string(raw.bits) + " does not fit datatype " + summary.data_type + "; datatype is used");
  read_shape(header, raw, origin);

  const double first = header.pair ? 0 : (summary.version == 1 ? 352 : 544);
  double offset = raw.voxel_offset;
  if (!header.pair && offset == 0) offset = first;
  if (!(offset >= 0 && offset < 9e15)) refuse(origin, "vox_offset is not a position in a file");
  if (!header.pair && offset < first - 4) refuse(origin, "vox_offset points into the header");
  header.voxel_offset = static_cast<std::uint64_t>(offset);

  // A slope of 0 or one that is not finite means: no scaling (nifti1.h; nibabel does the same).
  if (std::isfinite(raw.slope) && raw.slope != 0) {
    if (!std::isfinite(raw.inter)) refuse(origin, "scl_inter is not finite");
    summary.scl_slope = raw.slope;
    summary.scl_inter = raw.inter;
  }
  const double unit = unit_in_mm(raw.units, summary.warnings);
  Vec3 spacing;
  for (int axis = 0; axis < 3; ++axis) {
    double size = std::abs(raw.pixdim[axis + 1]);
    if (!std::isfinite(size) || size == 0) {
      if (raw.sform_code <= 0 && axis < raw.dim[0]) summary.warnings.push_back("pixdim[" + std::to_string(axis + 1) + "] is not a size; 1 mm is used");
      size = 1;
    }
    spacing[axis] = size;
  }
  Affine affine{};
  const bool prefers_qform = options.transform == NiftiTransform::kQformFirst && raw.qform_code > 0;
  if (raw.sform_code > 0 && raw.qform_code > 0) warn_of_disagreement(summary, raw.sform, qform_affine(raw, spacing), prefers_qform);
  if (raw.sform_code > 0 && !prefers_qform) {
    summary.transform_source = "sform";
    affine = raw.sform;
  } else if (raw.qform_code > 0) {
    summary.transform_source = "qform";
    affine = qform_affine(raw, spacing);
  } else {
    summary.transform_source = "pixdim";
    summary.warnings.emplace_back("neither sform nor qform: orientation is assumed, left and right may be swapped");
    for (int axis = 0; axis < 3; ++axis) {
      const double sign = axis == 0 ? -1 : 1;  // as nibabel: stored left-handed (radiological), centred
      affine[axis][axis] = sign * spacing[axis];
      affine[axis][3] = -sign * spacing[axis] * (static_cast<double>(summary.geometry.size[axis]) - 1) / 2;
    }
  }
  for (auto& row : affine)
    for (double& value : row) value *= unit;
  set_transform(summary, affine, origin);
  return header;
}

std::array<double, 3> to_quaternion(const Matrix3& r) {
  double a = r[0][0] + r[1][1] + r[2][2] + 1, b, c, d;
  if (a > 0.5) {
    a = 0.5 * std::sqrt(a);
    return {0.25 * (r[2][1] - r[1][2]) / a, 0.25 * (r[0][2] - r[2][0]) / a, 0.25 * (r[1][0] - r[0][1]) / a};
  }
  const double x = 1 + r[0][0] - r[1][1] - r[2][2], y = 1 + r[1][1] - r[0][0] - r[2][2], z = 1 + r[2][2] - r[0][0] - r[1][1];
  if (x > 1) {
    b = 0.5 * std::sqrt(x), c = 0.25 * (r[0][1] + r[1][0]) / b, d = 0.25 * (r[0][2] + r[2][0]) / b, a = 0.25 * (r[2][1] - r[1][2]) / b;
  } else if (y > 1) {
    c = 0.5 * std::sqrt(y), b = 0.25 * (r[0][1] + r[1][0]) / c, d = 0.25 * (r[1][2] + r[2][1]) / c, a = 0.25 * (r[0][2] - r[2][0]) / c;
  } else {
    d = 0.5 * std::sqrt(z), b = 0.25 * (r[0][2] + r[2][0]) / d, c = 0.25 * (r[1][2] + r[2][1]) / d, a = 0.25 * (r[1][0] - r[0][1]) / d;
  }
  if (a < 0) b = -b, c = -c, d = -d;
  return {b, c, d};
}

namespace {

struct StoredAs {
  std::int16_t code, bits;
};

StoredAs stored_as(VoxelType type) {
  switch (type) {
    case VoxelType::kUint8: return {2, 8};
    case VoxelType::kInt16: return {4, 16};
    case VoxelType::kInt32: return {8, 32};
    case VoxelType::kRgb24: return {128, 24};
    case VoxelType::kUint16: return {512, 16};
    case VoxelType::kUint32: return {768, 32};
    case VoxelType::kFloat32: break;
  }
  return {16, 32};
}

}  // namespace

std::array<char, 352> encode_nifti_header(const NiftiLayout& layout) {
  static_assert(std::endian::native == std::endian::little, "headers are written little endian");
  const Geometry& g = layout.geometry;
  std::array<char, 352> bytes{};
  const auto put = [&](std::size_t offset, auto value) { std::memcpy(bytes.data() + offset, &value, sizeof value); };
  const auto put_float = [&](std::size_t offset, double value) { put(offset, static_cast<float>(value)); };
  put(0, std::int32_t{348});
  put(40, static_cast<std::int16_t>(layout.volumes > 1 ? 4 : 3));
  for (std::size_t axis = 0; axis < 3; ++axis) put(42 + 2 * axis, static_cast<std::int16_t>(g.size[axis]));
  put(48, static_cast<std::int16_t>(layout.volumes));
  for (std::size_t i = 5; i < 8; ++i) put(40 + 2 * i, std::int16_t{1});
  put(70, stored_as(layout.type).code);
  put(72, stored_as(layout.type).bits);
  // LPS -> RAS
  Matrix3 direction = g.direction;
  Vec3 origin = g.origin_mm;
  for (std::size_t r = 0; r < 2; ++r) {
    origin[r] = -origin[r] + 0.0;
    for (double& value : direction[r]) value = -value + 0.0;
  }
  Matrix3 steps = direction;
  for (auto& row : steps)
    for (std::size_t c = 0; c < 3; ++c) row[c] *= g.spacing_mm[c];
  if (layout.slice_step_mm)
    for (std::size_t r = 0; r < 3; ++r) steps[r][2] = (*layout.slice_step_mm)[r] * (r < 2 ? -1 : 1) + 0.0;
  const bool left_handed = determinant(direction) < 0;
  Matrix3 rotation = direction;
  if (left_handed)
    for (auto& row : rotation) row[2] = -row[2];
  const auto quaternion = to_quaternion(rotation);
  put_float(76, left_handed ? -1 : 1);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    put_float(80 + 4 * axis, std::hypot(steps[0][axis], steps[1][axis], steps[2][axis]));
    put_float(256 + 4 * axis, quaternion[axis]);
    put_float(268 + 4 * axis, origin[axis]);
    for (std::size_t c = 0; c < 3; ++c) put_float(280 + 16 * axis + 4 * c, steps[axis][c]);
    put_float(280 + 16 * axis + 12, origin[axis]);
  }
  put_float(92, layout.seconds_per_volume > 0 ? layout.seconds_per_volume : 1);
  for (std::size_t i = 5; i < 8; ++i) put_float(76 + 4 * i, 1);
  put_float(108, 352);
  put_float(112, layout.type == VoxelType::kRgb24 ? 0 : layout.scaling.slope);
  put_float(116, layout.type == VoxelType::kRgb24 ? 0 : layout.scaling.inter);
  bytes[123] = layout.seconds_per_volume > 0 ? 2 | 8 : 2;  // millimetres, seconds
  put(252, static_cast<std::int16_t>(layout.slice_step_mm ? 0 : 1));  // a quaternion cannot shear
  put(254, std::int16_t{1});
  std::memcpy(bytes.data() + 344, "n+1", 4);
  return bytes;
}

}  // namespace consilium::imaging
