#include "pipelines/write_segmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/files.h"
#include "imaging/image_file.h"
#include "imaging/ops/orient.h"
#include "imaging/structure_terms.h"

namespace consilium::pipelines {
namespace {

using imaging::Segment;
using imaging::SegContent;
using imaging::SegKind;
using imaging::Series;

bool is_fraction(SegKind kind) { return kind == SegKind::kProbability || kind == SegKind::kOccupancy; }

/// Values as labels: whole numbers, or fractions of 255.
LabelMap read_layer(const fs::path& file, SegKind kind) {
  const imaging::ImageFile image = imaging::read_image(file);
  require(image.volumes.size() == 1, ErrorCode::kUnsupported, file.string() + ": expected one volume, found " + std::to_string(image.volumes.size()));
  const Volume& volume = image.volumes.front();
  LabelMap labels{volume.geometry, {}};
  labels.labels.reserve(volume.voxels.size());
  for (const float value : volume.voxels) {
    if (is_fraction(kind)) {
      require(value >= 0 && value <= 1, ErrorCode::kMismatch, fmt::format("{}: expected fractions from 0 to 1, found {}", file.string(), value));
      labels.labels.push_back(static_cast<Label>(std::lround(value * 255)));
    } else {
      require(value >= 0 && value <= 255 && value == std::floor(value), ErrorCode::kMismatch,
              fmt::format("{}: expected labels from 0 to 255, found {}", file.string(), value));
      labels.labels.push_back(static_cast<Label>(value));
    }
  }
  return labels;
}

std::string text_of(const Geometry& g) {
  return fmt::format("{} x {} x {} voxels of {:.4g} x {:.4g} x {:.4g} mm", g.size[0], g.size[1], g.size[2], g.spacing_mm[0], g.spacing_mm[1], g.spacing_mm[2]);
}

/// The series whose voxels the labels are.
const Series& series_for(const LabelMap& labels, const imaging::Study& study, const SegmentationOptions& options) {
  std::vector<const Series*> fitting;
  std::string seen;
  for (const Series& series : study.series) {
    if (series.volume > 1 || (options.series_number > 0 && series.header().series_number != options.series_number)) continue;
    if (!options.series_uid.empty() && series.header().series_uid != options.series_uid) continue;
    const bool fits = series.problem.empty() && aligned(labels, series.geometry).has_value();
    if (fits) fitting.push_back(&series);
    seen += fmt::format("{}series {}: {}", seen.empty() ? "" : "; ", series.header().series_number, series.problem.empty() ? text_of(series.geometry) : series.problem);
  }
  require(!fitting.empty(), ErrorCode::kMismatch,
          "the labels (" + text_of(labels.geometry) + ") have the grid of no series" + (seen.empty() ? "" : " (" + seen + ")") +
              ": resample them to the images first");
  require(fitting.size() == 1, ErrorCode::kUsage,
          fmt::format("{} series have the grid of the labels, the first of them {} and {}; say which by --series", fitting.size(),
                      fitting[0]->header().series_number, fitting.size() > 1 ? fitting[1]->header().series_number : 0));
  return *fitting.front();
}

/// "2=left kidney"
std::pair<int, Segment> parse_name(const std::string& text) {
  const std::size_t sign = text.find('=');
  require(sign != std::string::npos && sign > 0 && sign < 4 && text.find_first_not_of("0123456789") == sign, ErrorCode::kUsage,
          "\"" + text + "\": expected a label and what it shows, such as 2=liver");
  const std::string name = text.substr(sign + 1);
  const auto known = imaging::find_structure(name);
  require(known.has_value(), ErrorCode::kUsage, "\"" + name + "\": no structure of that name; describe it in a file for --segments, or take one of consilium seg names");
  return {std::stoi(text.substr(0, sign)), *known};
}

std::vector<Segment> parse_names(const std::vector<std::string>& names) {
  std::vector<Segment> segments;
  for (const std::string& text : names) {
    auto [label, segment] = parse_name(text);
    require(label >= 1 && label <= 255, ErrorCode::kUsage, "\"" + text + "\": expected a label from 1 to 255");
    segment.label = static_cast<Label>(label);
    segments.push_back(std::move(segment));
  }
  return segments;
}

/// As overlapping masks, one layer each.
SegContent content_of_regions(const LabelMap& labels, const imaging::LabelScheme& scheme) {
  const LabelMap internal = imaging::to_internal(labels, scheme);
  SegContent content;
  for (const imaging::Region region : scheme.regions) {
    Segment segment = imaging::segment_of(region);
    LabelMap layer{labels.geometry, imaging::region_mask(internal, region)};
    for (Label& label : layer.labels) label = label != 0 ? segment.label : Label{0};
    content.layer_of.push_back(content.layers.size());
    content.segments.push_back(std::move(segment));
    content.layers.push_back(std::move(layer));
  }
  return content;
}

/// Each file its segments, by the names of files in the description; a single file may go unnamed.
void describe(SegContent& content, const SegmentsDescription& description, const std::vector<fs::path>& files) {
  for (const auto& [segment, name] : description.segments) {
    const auto place = std::find_if(files.begin(), files.end(), [&](const fs::path& f) { return f.filename() == name; });
    require(place != files.end() || files.size() == 1, ErrorCode::kUsage,
            name.empty() ? fmt::format("segments: label {} names no file", segment.label) : "segments: " + name + " is not among the files");
    content.segments.push_back(segment);
    content.layer_of.push_back(place == files.end() ? 0 : static_cast<std::size_t>(place - files.begin()));
  }
}

/// Masks, one a file.
void name_files(SegContent& content, std::vector<Segment> segments) {
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) { return a.label < b.label; });
  require(segments.size() == content.layers.size(), ErrorCode::kUsage,
          fmt::format("{} files, but {} are named; give --segment 1=NAME --segment 2=NAME ..., or --segments FILE.json", content.layers.size(), segments.size()));
  for (std::size_t n = 0; n < segments.size(); ++n) {
    require(segments[n].label == n + 1, ErrorCode::kUsage, fmt::format("no --segment {}=NAME for the file of that place", n + 1));
    content.layer_of.push_back(n);
  }
  content.segments = std::move(segments);
}

void turn_into_masks(SegContent& content) {
  for (std::size_t n = 0; n < content.layers.size(); ++n)
    for (Label& label : content.layers[n].labels) label = label != 0 ? content.segments[n].label : Label{0};
}

std::optional<SegmentsDescription> find_description(const std::vector<fs::path>& files, const SegmentationOptions& options) {
  fs::path path = options.segments;
  if (path.empty()) path = files.front().parent_path() / (imaging::image_stem(files.front()) + ".json");
  if (options.segments.empty() && !fs::exists(path)) return std::nullopt;
  const Json json = read_json(path);
  // A sidecar of another kind may lie there.
  if (options.segments.empty() && (!json.is_object() || !json.contains("schema") || json.at("schema") != "consilium.segments/1")) return std::nullopt;
  return parse_segments(json, path.filename().string());
}

SegContent content_of(std::vector<LabelMap> layers, const std::vector<fs::path>& files, const SegmentationOptions& options) {
  SegContent content;
  const int ways = !options.scheme.empty() + !options.names.empty() + !options.segments.empty();
  require(ways <= 1, ErrorCode::kUsage, "give one of --scheme, --segment and --segments");
  require(!options.regions || !options.scheme.empty(), ErrorCode::kUsage, "--regions needs --scheme");
  if (!options.scheme.empty()) {
    require(layers.size() == 1 && !is_fraction(options.write.kind), ErrorCode::kUsage, "--scheme describes one label map");
    const imaging::LabelScheme& scheme = imaging::label_scheme(options.scheme);
    if (options.regions) return content_of_regions(layers.front(), scheme);
    content.segments = imaging::segments_of(scheme);
    content.layers = std::move(layers);
    return content;
  }
  content.layers = std::move(layers);
  const bool is_each = content.layers.size() > 1 || is_fraction(options.write.kind);
  if (!options.names.empty()) {
    std::vector<Segment> segments = parse_names(options.names);
    if (!is_each) return {std::move(segments), std::move(content.layers), {}};
    name_files(content, std::move(segments));
    if (!is_fraction(options.write.kind)) turn_into_masks(content);
    return content;
  }
  const auto description = find_description(files, options);
  require(description.has_value(), ErrorCode::kUsage, files.front().string() + ": nothing says what its labels show; give --scheme, --segment or --segments");
  describe(content, *description, files);
  return content;
}

/// What made the segments: DICOM wants to know, and readers rely on it.
void credit(SegContent& content, const SegmentationOptions& options) {
  const bool is_described = options.scheme.empty() && options.names.empty();
  require(is_described || !options.algorithm.empty(), ErrorCode::kUsage, "say what made the labels: --algorithm NAME, or --algorithm manual");
  if (options.algorithm.empty()) return;
  const bool is_manual = options.algorithm == "manual";
  for (Segment& s : content.segments) s.algorithm_type = is_manual ? "MANUAL" : "AUTOMATIC", s.algorithm_name = is_manual ? "" : options.algorithm;
}

}  // namespace

std::optional<LabelMap> aligned(const LabelMap& labels, const Geometry& grid) {
  // NIfTI keeps its affine in float32, DICOM in 16 characters.
  constexpr double kShareOfVoxel = 0.02;
  LabelMap turned = imaging::orient(labels, imaging::orientation_code(grid));
  const double tolerance_mm = kShareOfVoxel * *std::min_element(grid.spacing_mm.begin(), grid.spacing_mm.end());
  if (!same_grid(turned.geometry, grid, tolerance_mm)) return std::nullopt;
  turned.geometry = grid;
  return turned;
}

WrittenSegmentation write_segmentation(const std::vector<fs::path>& files, const fs::path& images, const fs::path& output, const SegmentationOptions& options) {
  require(!files.empty(), ErrorCode::kUsage, "no label map was given");
  const imaging::Study study = imaging::scan_study(images);
  std::vector<LabelMap> layers;
  const Series* series = nullptr;
  for (const fs::path& file : files) {
    const LabelMap layer = read_layer(file, options.write.kind);
    if (series == nullptr) series = &series_for(layer, study, options);
    auto turned = aligned(layer, series->geometry);
    require(turned.has_value(), ErrorCode::kMismatch, file.string() + ": has another grid than " + files.front().string());
    layers.push_back(std::move(*turned));
  }
  SegContent content = content_of(std::move(layers), files, options);
  credit(content, options);
  imaging::write_seg(output, *series, content, options.write);
  return {content.segments, series->header().series_number, series->slices.size()};
}

}  // namespace consilium::pipelines
