#include "pipelines/structure_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <set>

#include "base/files.h"
#include "base/require_free.h"
#include "imaging/dicom/even.h"
#include "imaging/nifti/write_nifti.h"
#include "imaging/structure_terms.h"

namespace consilium::pipelines {
namespace {

using imaging::Segment;
using imaging::Structures;

using FillPlane = std::function<void(std::size_t k, std::span<Label> labels)>;

class Writer {
 public:
  Writer(fs::path stem, const StructureFileOptions& options, std::string kind) : stem_(std::move(stem)), options_(options) { description_.kind = std::move(kind); }

  void write_image(const std::string& suffix, const std::vector<Segment>& segments, const Geometry& grid, double scale, const FillPlane& fill) {
    const fs::path path = free_path(suffix + (options_.compression == 0 ? ".nii" : ".nii.gz"));
    const std::size_t plane = grid.size[0] * grid.size[1];
    imaging::write_nifti_planes(
        path, {.geometry = grid, .type = imaging::VoxelType::kUint8, .scaling = {scale, 0}},
        [&](std::size_t first, std::span<char> bytes) {
          for (std::size_t n = 0; n < bytes.size() / plane; ++n)
            fill(first + n, std::span(reinterpret_cast<Label*>(bytes.data()) + n * plane, plane));
        },
        {.compression = options_.compression});
    files_.images.push_back(path);
    for (const Segment& s : segments) description_.segments.push_back({s, path.filename().string()});
  }

  StructureFiles finish(const Geometry& grid, std::vector<std::string> notes) {
    files_.description = free_path(".json");
    files_.geometry = grid;
    files_.notes = notes;
    description_.notes = std::move(notes);
    write_file(files_.description, to_json(description_).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return files_;
  }

 private:
  fs::path free_path(const std::string& ending) const {
    const fs::path path = stem_.parent_path() / (stem_.filename().string() + ending);
    require_free(path, options_.overwrite);
    return path;
  }

  fs::path stem_;
  const StructureFileOptions& options_;
  SegmentsDescription description_;
  StructureFiles files_;
};

/// Suffixes for files of single segments: "_left_kidney"; two of one name get their numbers.
std::vector<std::string> suffixes_of(const std::vector<Segment>& segments) {
  constexpr std::size_t kLongest = 60;
  std::vector<std::string> suffixes;
  std::set<std::string> taken;
  for (const Segment& s : segments) {
    std::string word;
    for (const char c : s.name.substr(0, kLongest)) {
      const bool is_safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+';
      if (is_safe || (!word.empty() && word.back() != '_')) word += is_safe ? c : '_';
    }
    while (!word.empty() && word.back() == '_') word.pop_back();
    if (word.empty() || !taken.insert(word).second) word += fmt::format("{}{}", word.empty() ? "" : "_", s.number), taken.insert(word);
    suffixes.push_back("_" + word);
  }
  return suffixes;
}

void write_each(Writer& writer, const Structures& structures) {
  const std::vector<std::string> suffixes = suffixes_of(structures.segments);
  for (std::size_t s = 0; s < structures.segments.size(); ++s) {
    Segment one = structures.segments[s];
    one.label = 1;
    Structures masks = structures;
    masks.segments[s] = one;
    writer.write_image(suffixes[s], {one}, structures.geometry, 1,
                       [&](std::size_t k, std::span<Label> labels) { imaging::compose_plane(masks, std::array{s}, k, labels); });
  }
}

void write_layers(Writer& writer, const Structures& structures, std::vector<std::string>& notes) {
  const auto layers = imaging::layers_of(structures);
  if (layers.size() > 1) notes.push_back(fmt::format("segments overlap: {} label maps", layers.size()));
  for (std::size_t n = 0; n < layers.size(); ++n) {
    std::vector<Segment> segments;
    for (const std::size_t s : layers[n]) segments.push_back(structures.segments[s]);
    writer.write_image(layers.size() == 1 ? "" : fmt::format("_{}", n + 1), segments, structures.geometry, 1,
                       [&](std::size_t k, std::span<Label> labels) { imaging::compose_plane(structures, layers[n], k, labels); });
  }
}

StructureFiles write(const Structures& structures, Writer writer, const StructureFileOptions& options, std::vector<std::string> notes) {
  if (!options.scheme.empty()) {
    const imaging::LabelScheme& scheme = imaging::label_scheme(options.scheme);
    writer.write_image("", imaging::segments_of(scheme), structures.geometry, 1,
                       [&](std::size_t k, std::span<Label> labels) { imaging::compose_scheme_plane(structures, scheme, k, labels); });
  } else if (options.each) {
    write_each(writer, structures);
  } else {
    write_layers(writer, structures, notes);
  }
  return writer.finish(structures.geometry, std::move(notes));
}

StructureFiles write_fractions(const imaging::SegReader& reader, Writer writer, std::vector<std::string> notes) {
  const imaging::SegFile& file = reader.file();
  const std::vector<std::string> suffixes = suffixes_of(file.segments);
  for (std::size_t s = 0; s < file.segments.size(); ++s)
    writer.write_image(suffixes[s], {file.segments[s]}, file.geometry, 1.0 / file.largest_fraction,
                       [&](std::size_t k, std::span<Label> fractions) { reader.read_fractions(s, k, fractions); });
  return writer.finish(file.geometry, std::move(notes));
}

/// What is outlined on tilted or uneven slices lies on their stack, not on an even grid.
Geometry grid_of(const imaging::Series& images) {
  require(images.problem.empty(), ErrorCode::kUnsupported,
          fmt::format("series {}, which was outlined, is no even grid: {}", images.header().series_number, images.problem));
  return images.geometry;
}

}  // namespace

StructureFiles write_structures(const imaging::SegFile& seg, const imaging::Series* images, const fs::path& stem, const StructureFileOptions& options) {
  std::vector<std::string> notes;
  imaging::SegFile placed = seg;
  if (images != nullptr && images->problem.empty()) {
    if (auto on_images = imaging::placed_on(seg, images->geometry)) placed = std::move(*on_images);
    else notes.push_back("the segmentation has another grid than the images beside it: it keeps its own");
  }
  const imaging::SegReader reader(std::move(placed));
  Writer writer(stem, options, std::string(imaging::to_string(seg.kind)));
  const bool is_fraction = seg.kind == imaging::SegKind::kProbability || seg.kind == imaging::SegKind::kOccupancy;
  if (is_fraction && options.scheme.empty() && !options.each) return write_fractions(reader, std::move(writer), std::move(notes));
  return write(reader.structures(), std::move(writer), options, std::move(notes));
}

StructureFiles write_structures(const imaging::ContourSet& contours, const imaging::Series& images, const fs::path& stem, const StructureFileOptions& options) {
  const imaging::ContourMask mask(contours, grid_of(images));
  return write(mask.structures(), Writer(stem, options, "contours"), options, mask.notes());
}

const imaging::Series* images_of(const std::vector<std::string>& uids, const imaging::Study& study, bool may_guess) {
  const imaging::Series* only = nullptr;
  std::size_t others = 0;
  for (const imaging::Series& series : study.series) {
    if (std::find(uids.begin(), uids.end(), series.header().series_uid) != uids.end()) return &series;
    if (series.volume <= 1) only = &series, ++others;
  }
  return may_guess && others == 1 ? only : nullptr;
}

}  // namespace consilium::pipelines
