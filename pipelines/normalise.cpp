#include "pipelines/normalise.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/ops/crop.h"
#include "imaging/ops/orient.h"
#include "imaging/ops/resample.h"
#include "pipelines/foreground.h"

namespace consilium::pipelines {
namespace {

const std::vector<std::pair<std::string, Missing>> kMissing{{"refuse", Missing::kRefuse}, {"zero", Missing::kZero}, {"absent", Missing::kAbsent}};

const std::vector<std::pair<std::string, Registration>> kRegistration{{"refuse", Registration::kRefuse}, {"warn", Registration::kWarn}, {"off", Registration::kOff}};

template <typename E>
std::string word_of(E wanted, const std::vector<std::pair<std::string, E>>& words) {
  for (const auto& [word, value] : words)
    if (value == wanted) return word;
  throw Error(ErrorCode::kUsage, "normalise: no such value");
}

/// Masked images hold NaN where other programs write 0; one of them would spread over the whole image through its mean.
Volume finite(Volume volume, const std::string& channel) {
  const float air = channel == "CT" ? -1000.0F : 0.0F;
  for (float& value : volume.voxels)
    if (!std::isfinite(value)) value = air;
  return volume;
}

Volume scale(const Volume& volume, const std::string& channel, const NormaliseOptions& options) {
  if (channel == "CT") {
    Volume result = imaging::window_ct(volume, options.ct_window);
    for (float& value : result.voxels) value -= 0.5F;
    return result;
  }
  if (channel == "PET") {
    Volume result = volume;
    for (float& value : result.voxels) value = static_cast<float>(std::clamp(value / options.pet_scale_suv, 0.0, 10.0));
    return result;
  }
  const std::vector<std::uint8_t> inside = foreground(volume, channel);
  if (options.clip_percentile == 0) return imaging::zscore(volume, inside);
  // Zeros outside of a mask are no intensities: with nine tenths of them, both percentiles would lie far from what they mean.
  const std::span<const std::uint8_t> counted = is_masked(volume) ? std::span<const std::uint8_t>(inside) : std::span<const std::uint8_t>();
  return imaging::zscore(imaging::percentile_clip(volume, options.clip_percentile, 100 - options.clip_percentile, counted), inside);
}

/// The smallest box around the foreground of the reference channel, grown by 2 voxels.
imaging::IndexBox head_box(const Volume& reference, const std::string& channel) {
  Volume mask{reference.geometry, std::vector<float>(reference.voxels.size())};
  const auto inside = foreground(reference, channel);
  std::copy(inside.begin(), inside.end(), mask.voxels.begin());
  return imaging::foreground_box(mask, 0, 2);
}

/// The channel whose grid the others follow in this case.
const std::string& reference_of(const Case& raw, const NormaliseOptions& options) {
  const auto is_there = [&](const std::string& channel) { return raw.images.contains(channel); };
  const auto lacking = std::find_if_not(options.channels.begin(), options.channels.end(), is_there);
  const auto first = std::find_if(options.channels.begin(), options.channels.end(), is_there);
  require(first != options.channels.end() && (options.missing != Missing::kRefuse || lacking == options.channels.end()), ErrorCode::kNotFound,
          "case " + raw.name + ": no " + (lacking == options.channels.end() ? "" : *lacking) + " image");
  return is_there(options.reference) ? options.reference : *first;
}

bool covers_middle(const Geometry& image, const Geometry& grid) {
  Vec3 middle;
  for (std::size_t a = 0; a < 3; ++a) middle[a] = 0.5 * static_cast<double>(grid.size[a] - 1);
  const Vec3 index = to_index(image, to_position_mm(grid, middle));
  for (std::size_t a = 0; a < 3; ++a)
    if (!(index[a] > -0.5 && index[a] < static_cast<double>(image.size[a]) - 0.5)) return false;
  return true;
}

}  // namespace

void read_normalise_options(SettingsReader& reader, NormaliseOptions& o) {
  reader.field("channels", o.channels);
  reader.field("reference", o.reference);
  reader.choice("missing", o.missing, kMissing);
  reader.choice("registration", o.registration, kRegistration);
  reader.field("spacing_mm", o.spacing_mm);
  reader.field("crop", o.crop);
  reader.field("clip_percentile", o.clip_percentile);
  reader.object("ct_window", [&](SettingsReader& window) {
    window.field("level_hu", o.ct_window.level_hu);
    window.field("width_hu", o.ct_window.width_hu);
    window.finish();
  });
  reader.field("pet_scale_suv", o.pet_scale_suv);
  reader.finish();
  validate(o, reader.path());
}

void validate(const NormaliseOptions& o, const std::string& path) {
  const auto check = [&](bool good, const std::string& what) { require(good, ErrorCode::kUsage, path + "." + what); };
  check(!o.channels.empty(), "channels: name at least one channel");
  for (auto channel = o.channels.begin(); channel != o.channels.end(); ++channel)
    check(std::find(o.channels.begin(), channel, *channel) == channel, "channels: \"" + *channel + "\" is named twice");
  check(o.reference.empty() || std::find(o.channels.begin(), o.channels.end(), o.reference) != o.channels.end(),
        "reference: \"" + o.reference + "\" is none of the channels");
  // Finer than 0.1 mm no scanner is, and a head would not fit into memory.
  for (const double spacing : o.spacing_mm) check(spacing == 0 || (spacing >= 0.1 && spacing <= 50), "spacing_mm: expected 0 (as it is) or 0.1 to 50 mm");
  check(o.clip_percentile >= 0 && o.clip_percentile < 50, "clip_percentile: expected 0 to below 50");
  check(std::isfinite(o.ct_window.level_hu), "ct_window.level_hu: expected a number");
  check(std::isfinite(o.ct_window.width_hu) && o.ct_window.width_hu > 0, "ct_window.width_hu: expected a number above 0");
  check(std::isfinite(o.pet_scale_suv) && o.pet_scale_suv > 0, "pet_scale_suv: expected a number above 0");
}

Json to_json(const NormaliseOptions& o) {
  return {{"channels", o.channels},   {"reference", o.reference}, {"missing", word_of(o.missing, kMissing)}, {"registration", word_of(o.registration, kRegistration)}, {"spacing_mm", o.spacing_mm}, {"crop", o.crop}, {"clip_percentile", o.clip_percentile},
          {"ct_window", {{"level_hu", o.ct_window.level_hu}, {"width_hu", o.ct_window.width_hu}}}, {"pet_scale_suv", o.pet_scale_suv}};
}

NormalisedCase normalise(const Case& raw, const NormaliseOptions& options) {
  validate(options);
  const std::string& name = reference_of(raw, options);
  const Volume& original = raw.images.at(name);
  Volume reference = imaging::orient(original, "LPS");
  if (options.crop) reference = imaging::crop(reference, head_box(finite(reference, name), name));
  Vec3 spacing = options.spacing_mm;
  for (std::size_t a = 0; a < 3; ++a)
    if (spacing[a] == 0) spacing[a] = reference.geometry.spacing_mm[a];

  NormalisedCase result;
  result.name = raw.name;
  result.grid = imaging::grid_with_spacing(reference.geometry, spacing);
  result.reference = name;
  result.channels = options.channels;
  result.native = raw.labels ? raw.labels->geometry : original.geometry;
  for (const std::string& channel : options.channels) {
    const auto place = raw.images.find(channel);
    result.present.push_back(place != raw.images.end());
    if (place == raw.images.end()) {
      result.images.push_back({result.grid, std::vector<float>(voxel_count(result.grid), 0.0F)});
      continue;
    }
    const Volume& image = place->second;
    require(covers_middle(image.geometry, result.grid), ErrorCode::kMismatch, "case " + raw.name + ": " + channel + " does not cover the middle of the reference image; are they of one examination?");
    // Scaled on its own voxels: interpolation would blur the edge between head and air that the statistics are taken over.
    const Volume scaled = scale(finite(image, channel), channel, options);
    const float outside = channel == "CT" ? -0.5F : 0.0F;
    result.images.push_back(same_grid(scaled.geometry, result.grid) ? scaled : imaging::resample(scaled, result.grid, {.outside = outside}));
    result.images.back().geometry = result.grid;
  }
  // Labels may be drawn on a small part of the head.
  require(!raw.labels || covers_middle(raw.labels->geometry, result.grid) || covers_middle(result.grid, raw.labels->geometry), ErrorCode::kMismatch,
          "case " + raw.name + ": the labels lie beside the reference image; are they of one examination?");
  if (raw.labels) result.labels = imaging::resample_labels(*raw.labels, result.grid);
  return result;
}

LabelMap restore(std::span<const Volume> probabilities, const Geometry& native) {
  require(!probabilities.empty() && probabilities.size() < 256, ErrorCode::kMismatch, "expected one probability image per class");
  LabelMap labels{native, std::vector<Label>(voxel_count(native), 0)};
  // Class 0 is 1 outside of the predicted grid; inside it starts the comparison with its own value.
  std::vector<float> best = imaging::resample(probabilities[0], native, {.outside = 1}).voxels;
  for (std::size_t c = 1; c < probabilities.size(); ++c) {
    const std::vector<float> values = imaging::resample(probabilities[c], native).voxels;
    for (std::size_t n = 0; n < best.size(); ++n)
      if (values[n] > best[n]) best[n] = values[n], labels.labels[n] = static_cast<Label>(c);
  }
  return labels;
}

}  // namespace consilium::pipelines
