#include "pipelines/convert_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "imaging/dicom/classify.h"
#include "imaging/dicom/even.h"
#include "imaging/dicom/load.h"
#include "imaging/dicom/sidecar.h"
#include "imaging/image_file.h"
#include "imaging/nifti/write_nifti.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "pipelines/diffusion_files.h"

namespace consilium::pipelines {
namespace {

using imaging::Series;
using imaging::VoxelFormat;

fs::path beside(const fs::path& output, const std::string& extension) {
  std::string name = output.filename().string();
  name.resize(name.rfind(".nii"));
  return output.parent_path() / (name + extension);
}

bool keeps_shear(const Series& series, const ConvertOptions& options) {
  return !series.problem.empty() && !series.is_uneven && series.tilt_degrees > 0 && options.tilt == TiltedSlices::kShear;
}

Volume shaped(Volume volume, const ConvertOptions& options) {
  if (!options.orientation.empty()) volume = imaging::orient(volume, options.orientation);
  if (options.spacing_mm) volume = imaging::resample(volume, imaging::grid_with_spacing(volume.geometry, *options.spacing_mm));
  return volume;
}

/// Of all volumes: integers where all agree.
VoxelFormat common_format(const std::vector<Series>& volumes) {
  const VoxelFormat first = imaging::voxel_format(volumes.front().slices);
  for (const Series& series : volumes) {
    const VoxelFormat other = imaging::voxel_format(series.slices);
    if (other.type != first.type || other.added != first.added || other.scaling.slope != first.scaling.slope ||
        other.scaling.inter != first.scaling.inter)
      return {};
  }
  return first;
}

double seconds_per_volume(const std::vector<Series>& volumes) {
  const imaging::DicomHeader& h = volumes.front().header();
  return volumes.size() > 1 && h.modality == "MR" && !h.b_value.value_or(0) ? h.tr_ms.value_or(0) / 1000 : 0;
}

imaging::NiftiWriteOptions writing(const ConvertOptions& options) {
  return {.compression = options.compression, .integers = {}, .durability = Durability::kKill};
}

/// The stored integers as they are, straight from the files to the output.
void write_as_stored(const ConvertJob& job, const std::vector<Series>& volumes, const ConvertOptions& options,
                     ConvertReport::Written& written) {
  const Series& first = volumes.front();
  imaging::NiftiLayout layout{.geometry = first.geometry, .volumes = volumes.size(), .seconds_per_volume = seconds_per_volume(volumes)};
  if (keeps_shear(first, options)) {
    layout.geometry = imaging::stack_grid(first);
    layout.slice_step_mm = imaging::slice_step_mm(first);
  }
  const VoxelFormat format = common_format(volumes);
  layout.type = format.type, layout.scaling = format.scaling;
  const Size3& size = layout.geometry.size;
  const std::size_t plane = size[0] * size[1] * imaging::bytes_of(format.type), slices = size[2];
  for (const Series& series : volumes) imaging::require_room(series.slices);
  imaging::write_nifti_planes(
      job.output, layout,
      [&](std::size_t plane_number, std::span<char> bytes) {
        while (!bytes.empty()) {
          const auto& of_volume = volumes[plane_number / slices].slices;
          const std::size_t slice = plane_number % slices, count = std::min(slices - slice, bytes.size() / plane);
          imaging::load_planes(std::span(of_volume).subspan(slice, count), format, bytes.first(count * plane));
          bytes = bytes.subspan(count * plane), plane_number += count;
        }
      },
      writing(options));
  written.size = size, written.spacing_mm = layout.geometry.spacing_mm;
}

/// One slope and intercept for all slices let the stored integers stay; PET has one per slice.
std::optional<imaging::NiftiScaling> scaling_of(const Series& series) {
  const VoxelFormat format = imaging::voxel_format(series.slices);
  return format.type == imaging::VoxelType::kFloat32 ? std::nullopt : std::optional(format.scaling);
}

/// What is turned or resampled, as values.
void write_values(const ConvertJob& job, const std::vector<Volume>& volumes, const std::optional<imaging::NiftiScaling>& integers,
                  double seconds, const ConvertOptions& options, ConvertReport::Written& written) {
  const Volume& first = volumes.front();
  written.size = first.geometry.size, written.spacing_mm = first.geometry.spacing_mm;
  imaging::NiftiWriteOptions how = writing(options);
  if (volumes.size() == 1) {
    how.integers = integers;
    imaging::write_nifti(job.output, first, how);
    return;
  }
  const std::size_t plane = first.geometry.size[0] * first.geometry.size[1], slices = first.geometry.size[2];
  imaging::write_nifti_planes(
      job.output, {.geometry = first.geometry, .volumes = volumes.size(), .seconds_per_volume = seconds},
      [&](std::size_t number, std::span<char> bytes) {
        auto* out = reinterpret_cast<float*>(bytes.data());
        for (std::size_t n = 0; n < bytes.size() / (plane * sizeof(float)); ++n, ++number)
          std::copy_n(volumes[number / slices].voxels.data() + number % slices * plane, plane, out + n * plane);
      },
      how);
}

void note(const Series& series, const ConvertOptions& options, std::vector<std::string>& notes) {
  if (!series.part.empty()) notes.push_back("split: one series holds images that differ: " + series.part);
  if (series.header().is_assumed) notes.push_back("assumed: the images do not say where they lie: order of the file, axes of the pixels");
  if (series.problem.empty()) return;
  notes.push_back((keeps_shear(series, options) ? "sheared: " : "resampled: ") + series.problem);
}

Matrix3 written_direction(const Series& series, const ConvertOptions& options) {
  const Geometry stack = imaging::stack_grid(series);
  if (options.orientation.empty()) return stack.direction;
  const Volume probe{{{1, 1, 1}, {1, 1, 1}, {0, 0, 0}, stack.direction}, {0}};
  return imaging::orient(probe, options.orientation).geometry.direction;
}

void convert_series(const ConvertJob& job, const ConvertOptions& options, ConvertReport::Written& written) {
  std::vector<Series> volumes;
  const bool wants_suv = options.suv && job.volumes.front()->header().modality == "PT";
  for (const Series* series : job.volumes) volumes.push_back(wants_suv ? imaging::to_suv(*series, *options.suv) : *series);
  const Series& first = volumes.front();
  const bool is_even = first.problem.empty() || keeps_shear(first, options);
  if (is_even && options.orientation.empty() && !options.spacing_mm) {
    write_as_stored(job, volumes, options, written);
  } else {
    require(is_even || !keeps_shear(first, options), ErrorCode::kUnsupported, "a sheared grid is not turned or resampled");
    std::vector<Volume> values;
    for (const Series& series : volumes)
      values.push_back(shaped(first.problem.empty() ? imaging::load_series(series) : imaging::load_even(series), options));
    write_values(job, values, scaling_of(first), seconds_per_volume(volumes), options, written);
  }
  written.is_dicom = true;
  written.volumes = volumes.size();
  written.channel = imaging::classify(*job.volumes.front()).channel;
  note(*job.volumes.front(), options, written.notes);
  if (job.volumes.front()->header().series_uid != job.volumes.back()->header().series_uid)
    written.notes.push_back("joined: its volumes came as series of their own, as Siemens XA exports one acquisition");
  Json sidecar = imaging::to_sidecar(*job.volumes.front(), job.volumes.size() > 1 ? job.volumes[1] : nullptr);
  if (wants_suv) sidecar["Units"] = first.header().units == "GML" ? "g/mL" : "cm2/mL";
  if (volumes.size() > 1) sidecar["Consilium"].erase("Volume");
  written.beside = files_beside(job);
  write_file(written.beside.front(), sidecar.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", Durability::kKill);
  if (written.beside.size() < 2) return;
  const bool directed = written.beside.size() > 2;
  write_diffusion(written.beside[1], directed ? written.beside[2] : fs::path(), job.volumes, written_direction(first, options));
  if (!directed) written.notes.push_back("note: the gradient directions are not known: there is no .bvec");
}

}  // namespace

std::vector<fs::path> files_beside(const ConvertJob& job) {
  if (job.volumes.empty()) return {};
  std::vector<fs::path> files{beside(job.output, ".json")};
  if (!is_diffusion(job.volumes)) return files;
  files.push_back(beside(job.output, ".bval"));
  if (has_directions(job.volumes)) files.push_back(beside(job.output, ".bvec"));
  return files;
}

std::string problem_of(const Series& series, const ConvertOptions& options) {
  if (series.problem.empty()) return "";
  const bool uneven = series.is_uneven && options.uneven == UnevenSlices::kRefuse;
  const bool tilted = series.tilt_degrees > 0 && options.tilt == TiltedSlices::kRefuse;
  if (!series.is_uneven && series.tilt_degrees == 0) return series.problem;
  if (!uneven && !tilted && !(series.is_uneven && series.tilt_degrees > 0 && options.tilt == TiltedSlices::kShear)) return "";
  return series.problem + (uneven ? "; --uneven resample makes them even" : "");
}

ConvertReport::Written run_job(const ConvertJob& job, const ConvertOptions& options) {
  ConvertReport::Written written{.input = job.input, .output = job.output};
  if (!job.volumes.empty()) {
    convert_series(job, options, written);
    return written;
  }
  const imaging::ImageFile image = imaging::read_image(job.input, options.nifti);
  std::vector<Volume> volumes;
  for (const Volume& volume : image.volumes) volumes.push_back(shaped(volume, options));
  written.volumes = volumes.size();
  written.notes = image.warnings;
  const bool is_kept = !options.spacing_mm;
  write_values(job, volumes, is_kept ? image.integers : std::nullopt, 0, options, written);
  return written;
}

}  // namespace consilium::pipelines
