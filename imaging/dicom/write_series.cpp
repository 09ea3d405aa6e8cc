#include "imaging/dicom/write_series.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/files.h"
#include "imaging/dicom/dictionary.h"
#include "imaging/dicom/file_bytes.h"
#include "imaging/dicom/uid.h"
#include "imaging/dicom/write_modules.h"

namespace consilium::imaging {
namespace {

/// How image values become stored numbers: stored = round((value - intercept) / slope).
struct Coding {
  int bits_stored = 16;
  bool is_signed = false;
  double slope = 1;
  double intercept = 0;
};

double highest_stored(const Coding& coding) {
  return std::ldexp(1.0, coding.is_signed ? coding.bits_stored - 1 : coding.bits_stored) - 1;
}

Coding coding_of(const MrTags& mr, float largest) {
  Coding coding{.bits_stored = 16, .is_signed = mr.is_signed};
  if (largest > 0 && (largest < 256 || largest > highest_stored(coding))) coding.slope = largest / 4095.0;
  if (!mr.is_signed && largest / coding.slope <= 4095.4) coding.bits_stored = 12;
  return coding;
}

Coding coding_of(const CtTags&, float largest) {
  return {.bits_stored = largest <= 3071 ? 12 : 16, .slope = 1, .intercept = -1024};
}

Coding coding_of(const PetTags&, float largest) {
  Coding coding{.bits_stored = 16, .is_signed = false};
  // As the file will say it, so that no reader's slope differs from ours.
  if (largest > 0) coding.slope = std::stod(to_decimal_string(static_cast<double>(largest) / 32767));
  return coding;
}

std::vector<Uint16> encode(std::span<const float> values, const Coding& coding) {
  std::vector<Uint16> stored;
  stored.reserve(values.size());
  const double highest = highest_stored(coding);
  for (const float value : values) {
    const double number = std::clamp(std::round((value - coding.intercept) / coding.slope), 0.0, highest);
    stored.push_back(static_cast<Uint16>(number));
  }
  return stored;
}

void put_pixel_format(DcmItem& item, const Size3& size, const Coding& coding) {
  put_unsigned(item, DCM_SamplesPerPixel, 1);
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_unsigned(item, DCM_Rows, size[1]);
  put_unsigned(item, DCM_Columns, size[0]);
  put_unsigned(item, DCM_BitsAllocated, 16);
  put_unsigned(item, DCM_BitsStored, static_cast<std::size_t>(coding.bits_stored));
  put_unsigned(item, DCM_HighBit, static_cast<std::size_t>(coding.bits_stored) - 1);
  put_unsigned(item, DCM_PixelRepresentation, coding.is_signed ? 1 : 0);
}

/// A viewer's first look, in image values as the file's rescale gives them.
void put_window(DcmItem& item, const SeriesTags& series, const std::vector<float>& voxels, const Coding& coding) {
  std::array<double, 2> centre_width{40, 100};  // brain on CT
  if (!std::holds_alternative<CtTags>(series.modality)) {
    std::vector<float> sorted = voxels;
    const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(0.995 * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), place, sorted.end());
    const bool has_unit = std::holds_alternative<PetTags>(series.modality);
    const double bright = has_unit ? std::ceil(*place * 10) / 10 : std::ceil(*place / coding.slope);
    centre_width = {std::max(bright, 1.0) / 2, std::max(bright, 1.0)};
  }
  put_numbers(item, DCM_WindowCenter, {centre_width[0]});
  put_numbers(item, DCM_WindowWidth, {centre_width[1]});
}

void check(const Volume& volume, const SeriesTags& series) {
  validate(volume.geometry);
  require(volume.voxels.size() == voxel_count(volume.geometry), ErrorCode::kCorruptData,
          "DICOM series: the number of voxels is not that of the grid");
  require(volume.geometry.size[0] <= 65535 && volume.geometry.size[1] <= 65535, ErrorCode::kUnsupported,
          "DICOM series: more than 65535 rows or columns");
  require(std::all_of(volume.voxels.begin(), volume.voxels.end(), [](float v) { return std::isfinite(v); }),
          ErrorCode::kCorruptData, "DICOM series: a voxel is not a finite number");
  if (!std::holds_alternative<CtTags>(series.modality))
    require(std::all_of(volume.voxels.begin(), volume.voxels.end(), [](float v) { return v >= 0; }), ErrorCode::kUnsupported,
            "DICOM series: MR and PET images are written as magnitudes, but a voxel is below zero");
}

/// Into a folder that nobody knows yet: no detour over a temporary name.
void write_plain(const fs::path& path, const std::string& bytes, const fs::path& final_path) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  require(!stream.fail(), ErrorCode::kCannotWrite, "cannot write " + final_path.string() + ": " + std::strerror(errno));
}

struct Slice {
  std::size_t k;
  std::size_t instance_number;
};

/// One file.
std::string encode_slice(const DcmDataset& common, const Volume& volume, const StudyTags& study, const SeriesTags& series,
                         Coding coding, const Slice& slice) {
  const Size3& size = volume.geometry.size;
  const std::span<const float> values(volume.voxels.data() + slice.k * size[0] * size[1], size[0] * size[1]);
  DcmFileFormat file(std::make_unique<DcmDataset>(common).release(), OFFalse);  // owned by `file` from here on
  DcmDataset& item = *file.getDataset();
  put(item, DCM_SOPInstanceUID, uid_of_name(fmt::format("{}|series|{}|slice|{}", study.uid_name, series.number, slice.k)));
  put_numbers(item, DCM_InstanceNumber, {static_cast<double>(slice.instance_number)});
  const Vec3 position = to_position_mm(volume.geometry, {0, 0, static_cast<double>(slice.k)});
  put_numbers(item, DCM_ImagePositionPatient, {position[0], position[1], position[2]});
  const auto& d = volume.geometry.direction;
  const Vec3 normal{d[1][0] * d[2][1] - d[2][0] * d[1][1], d[2][0] * d[0][1] - d[0][0] * d[2][1],
                    d[0][0] * d[1][1] - d[1][0] * d[0][1]};
  put_numbers(item, DCM_SliceLocation, {normal[0] * position[0] + normal[1] * position[1] + normal[2] * position[2]});
  if (const auto* pet = std::get_if<PetTags>(&series.modality)) {
    coding = coding_of(*pet, *std::max_element(values.begin(), values.end()));
    put_numbers(item, DCM_RescaleSlope, {coding.slope});
    put_unsigned(item, DCM_ImageIndex, slice.instance_number);
  }
  const std::vector<Uint16> stored = encode(values, coding);
  require(item.putAndInsertUint16Array(DCM_PixelData, stored.data(), static_cast<unsigned long>(stored.size())).good(),
          ErrorCode::kUnexpected, "DICOM: the pixels of an image could not be stored");
  return file_bytes_of(file);
}

}  // namespace

WrittenSeries write_dicom_series(const fs::path& folder, const Volume& volume, const StudyTags& study, const SeriesTags& series) {
  check(volume, series);
  load_dictionary();
  const float largest = *std::max_element(volume.voxels.begin(), volume.voxels.end());
  const Coding coding = std::visit([&](const auto& modality) { return coding_of(modality, largest); }, series.modality);
  DcmDataset common;
  put_study(common, study);
  put_series(common, study, series, volume.geometry);
  put_pixel_format(common, volume.geometry.size, coding);
  put_window(common, series, volume.voxels, coding);
  WrittenSeries result;
  if (std::holds_alternative<MrTags>(series.modality)) result.mr_value_per_step = coding.slope;
  const std::size_t slices = volume.geometry.size[2];
  write_beside(folder, [&](const fs::path& temporary) {
    make_folder(temporary);
    for (std::size_t k = 0; k < slices; ++k) {
      const Slice slice{k, series.last_slice_first ? slices - k : k + 1};
      const std::string name = fmt::format("{:04}.dcm", slice.instance_number);
      write_plain(temporary / name, encode_slice(common, volume, study, series, coding, slice), folder / name);
      result.files.push_back(folder / name);
    }
  });
  return result;
}

}  // namespace consilium::imaging
