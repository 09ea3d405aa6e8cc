#include "pipelines/align_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "imaging/ops/intensity.h"

namespace consilium::pipelines {
namespace {

/// Values among which equal steps mean something: bone, air and hot bladders would take most of a histogram's bins.
Volume comparable(Volume volume, const std::string& channel) {
  if (channel == "CT") {
    for (float& value : volume.voxels) value = std::clamp(std::isfinite(value) ? value : -1000.0F, -200.0F, 300.0F);
    return volume;
  }
  if (channel == "PET")
    for (float& value : volume.voxels) value = std::sqrt(std::max(0.0F, std::isfinite(value) ? value : 0.0F));
  return imaging::percentile_clip(volume, 0.5, 99.5);
}

std::string doubt_about(const imaging::RigidRegistration& r, const AlignOptions& options) {
  if (r.overlap < options.least_overlap) return fmt::format("only {:.0f} % overlap", 100 * r.overlap);
  if (r.sharpness < options.least_sharpness) return fmt::format("no place is better than those 15 mm away (sharpness {:.2f})", r.sharpness);
  if (r.information < r.information_before) return "the images tell more of each other where the scanners placed them";
  if (r.turn_degrees > options.most_turn_degrees) return fmt::format("turned by {:.0f} degrees", r.turn_degrees);
  return "";
}

/// The frames other than `kept`, each with the first of its channels.
std::map<std::string, std::string> other_frames(const Case& raw, const std::string& kept) {
  std::map<std::string, std::string> frames;
  for (const auto& [channel, frame] : raw.frames)
    if (channel != "labels" && frame != kept && raw.images.contains(channel)) frames.emplace(frame, channel);
  return frames;
}

void move_frame(Case& raw, const std::string& frame, const Alignment& alignment) {
  const imaging::RigidTransform home = imaging::inverse(alignment.registration.to_moving);
  for (const auto& [name, of] : raw.frames) {
    if (of != frame) continue;
    if (name == "labels") {
      if (raw.labels) raw.labels->geometry = imaging::placed(raw.labels->geometry, home);
    } else if (const auto image = raw.images.find(name); image != raw.images.end()) {
      image->second.geometry = imaging::placed(image->second.geometry, home);
    }
    raw.evidence[name] += "; " + describe(alignment);
    raw.alignments[name] = alignment;
  }
}

}  // namespace

std::string describe(const Alignment& a) {
  const imaging::RigidRegistration& r = a.registration;
  return fmt::format("registered with {}: mutual information {:.2f} before, {:.2f} after, sharpness {:.2f}, {:.0f} % overlap, moved by {:.1f} mm and {:.1f} degrees{}", a.to,
                     r.information_before, r.information, r.sharpness, 100 * r.overlap, r.displacement_mm, r.turn_degrees, a.doubt.empty() ? "" : "; in doubt: " + a.doubt);
}

Case align(Case raw, const std::string& reference, const AlignOptions& options) {
  require(raw.images.contains(reference), ErrorCode::kNotFound, "case " + raw.name + ": no " + reference + " image");
  const auto kept = raw.frames.find(reference);
  if (kept == raw.frames.end()) return raw;
  const std::string frame = kept->second;
  for (const auto& [channel, of] : raw.frames)
    if (channel != reference && of == frame) raw.evidence[channel] += "; same frame of reference as " + reference;
  for (const auto& [other, channel] : other_frames(raw, frame)) {
    if (options.registration == Registration::kOff) {
      raw.evidence[channel] += "; another frame of reference than " + reference + ", taken as it lies";
      continue;
    }
    Alignment alignment{reference, imaging::register_rigid(comparable(raw.images.at(reference), reference), comparable(raw.images.at(channel), channel)), ""};
    alignment.doubt = doubt_about(alignment.registration, options);
    require(alignment.doubt.empty() || options.registration == Registration::kWarn, ErrorCode::kMismatch,
            fmt::format("case {}: {} and {} have different frames of reference, and their registration is in doubt: {}", raw.name, channel, reference, alignment.doubt));
    move_frame(raw, other, alignment);
  }
  return raw;
}

}  // namespace consilium::pipelines
