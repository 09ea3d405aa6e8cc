#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>

#include "imaging/dicom/diffusion_series.h"
#include "imaging/dicom/slices.h"

namespace consilium::imaging {
namespace {

/// Vendors round directions, spacings and echo times slice by slice.
constexpr double kSameDirection = 0.005, kSameSpacing_mm = 1e-3, kSameEcho_ms = 0.05;

bool close(const Vec3& a, const Vec3& b) {
  for (std::size_t n = 0; n < 3; ++n)
    if (std::abs(a[n] - b[n]) > kSameDirection) return false;
  return true;
}

/// GE marks single slices of a CT block in the fourth value ("ADD"); in MR it tells magnitude from phase.
bool same_type(const DicomHeader& a, const DicomHeader& b) {
  if (a.modality != "CT") return a.image_type == b.image_type;
  for (std::size_t n = 0; n < 3; ++n) {
    const bool in_a = n < a.image_type.size(), in_b = n < b.image_type.size();
    if (in_a != in_b || (in_a && a.image_type[n] != b.image_type[n])) return false;
  }
  return true;
}

bool same_block(const DicomHeader& a, const DicomHeader& b) {
  return a.series_number == b.series_number && a.rows == b.rows && a.columns == b.columns && same_type(a, b) && a.content == b.content && close(a.row, b.row) && close(a.column, b.column) &&
         std::abs(a.row_spacing_mm - b.row_spacing_mm) < kSameSpacing_mm &&
         std::abs(a.column_spacing_mm - b.column_spacing_mm) < kSameSpacing_mm &&
         std::abs(a.te_ms.value_or(0) - b.te_ms.value_or(0)) < kSameEcho_ms && a.units == b.units && a.study_uid == b.study_uid;
}

/// How parts of one series differ, in words.
std::string part_name(const DicomHeader& a, const DicomHeader& b) {
  if (a.series_number != b.series_number) return fmt::format("series number {}", a.series_number);
  if (a.rows != b.rows || a.columns != b.columns) return fmt::format("{} x {} pixels", a.columns, a.rows);
  if (std::abs(a.te_ms.value_or(0) - b.te_ms.value_or(0)) >= kSameEcho_ms)
    return fmt::format("echo time {:g} ms", a.te_ms.value_or(0));
  if (a.content != b.content) return a.content.empty() ? "all but the " + b.content : a.content;
  if (!same_type(a, b)) return fmt::format("image type {}", fmt::join(a.image_type, "/"));
  if (!close(a.row, b.row) || !close(a.column, b.column)) return "another orientation";
  return "another spacing, unit or examination";
}

/// What the series have in common that Siemens XA makes of the volumes of one acquisition, where this is one of them: classic, image type MFSPLIT, number 7 becomes 7001,
/// 7002, ... for its acquisitions 1, 2, ...
std::optional<std::string> key_of_split(const std::vector<DicomHeader>& series) {
  const bool is_split = std::all_of(series.begin(), series.end(), [](const DicomHeader& h) {
    return h.series_number >= 1000 && h.acquisition_number.value_or(0) > 0 && h.series_number % 1000 == *h.acquisition_number &&
           std::find(h.image_type.begin(), h.image_type.end(), "MFSPLIT") != h.image_type.end();
  });
  if (!is_split) return std::nullopt;
  const DicomHeader& first = series.front();
  return fmt::format("{}|{}|{}|{}", first.study_uid, first.series_number / 1000, first.series_time, first.series_description);
}

/// Images by what the volumes of one 4-D image have in common: the Series Instance UID, or key_of_split; joined series bear the lowest of their numbers.
std::map<std::string, std::vector<DicomHeader>> acquisitions_of(std::vector<DicomHeader> images) {
  std::map<std::string, std::vector<DicomHeader>> by_uid, by_key;
  std::map<std::string, int> lowest_number;
  for (DicomHeader& image : images) by_uid[image.series_uid.empty() ? std::to_string(image.series_number) : image.series_uid].push_back(std::move(image));
  for (auto& [uid, members] : by_uid) {
    const auto split = key_of_split(members);
    if (split) {
      const int number = members.front().series_number;
      const auto [lowest, is_new] = lowest_number.try_emplace(*split, number);
      lowest->second = std::min(lowest->second, number);
    }
    std::move(members.begin(), members.end(), std::back_inserter(by_key[split.value_or(uid)]));
  }
  for (const auto& [key, number] : lowest_number)
    for (DicomHeader& image : by_key[key]) image.series_number = number;
  return by_key;
}

/// The blocks of one Series Instance UID, in the order of their first image.
std::vector<std::vector<DicomHeader>> blocks_of(std::vector<DicomHeader> images) {
  std::vector<std::vector<DicomHeader>> blocks;
  for (DicomHeader& image : images) {
    const auto place =
        std::find_if(blocks.begin(), blocks.end(), [&](const auto& block) { return same_block(block.front(), image); });
    if (place == blocks.end()) {
      blocks.emplace_back().push_back(std::move(image));
    } else {
      place->push_back(std::move(image));
    }
  }
  return blocks;
}

}  // namespace

std::vector<Series> group_series(std::vector<DicomHeader> images) {
  std::vector<Series> result;
  for (auto& [key, members] : acquisitions_of(std::move(images))) {
    complete_diffusion(members);
    auto blocks = blocks_of(std::move(members));
    std::vector<std::string> parts(blocks.size());
    for (std::size_t n = 0; blocks.size() > 1 && n < blocks.size(); ++n)
      parts[n] = part_name(blocks[n].front(), blocks[n == 0 ? 1 : 0].front());
    for (std::size_t n = 0; n < blocks.size(); ++n)
      for (Series& series : arrange_slices(std::move(blocks[n]))) {
        series.acquisition = key;
        series.part = parts[n];
        result.push_back(std::move(series));
      }
  }
  std::stable_sort(result.begin(), result.end(), [](const Series& a, const Series& b) {
    return std::tie(a.header().series_number, a.acquisition, a.part, a.volume) <
           std::tie(b.header().series_number, b.acquisition, b.part, b.volume);
  });
  return result;
}

std::size_t volumes_from(const Study& study, std::size_t first) {
  const Series& begin = study.series[first];
  std::size_t end = first + 1;
  for (; end < study.series.size(); ++end) {
    const Series& next = study.series[end];
    if (next.volume <= 1 || next.acquisition != begin.acquisition || next.part != begin.part || next.problem != begin.problem || next.slices.size() != begin.slices.size()) break;
  }
  return end - first;
}

}  // namespace consilium::imaging
