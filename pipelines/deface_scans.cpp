#include "pipelines/deface_scans.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/files.h"
#include "base/progress.h"
#include "base/require_free.h"
#include "imaging/dicom/even.h"
#include "imaging/dicom/load.h"
#include "imaging/image_file.h"
#include "imaging/nifti/nifti.h"
#include "imaging/render/face_review.h"

namespace consilium::pipelines {
namespace {

using imaging::FacePlane, imaging::FindFaceOptions, imaging::Series;

float air(const FindFaceOptions& options) { return options.is_hu ? -1000.0F : 0.0F; }

void write_review(const Volume& before, const FacePlane& plane, const FindFaceOptions& options, const fs::path& file, bool overwrite) {
  require_free(file, overwrite);
  Volume after = before;
  imaging::remove_face(after, plane, air(options));
  write_file(file, imaging::encode_png(imaging::render_face_review(before, after, options)));
}

/// Images that lie as one another say.
struct Frame {
  std::string study, frame_of_reference;
  std::uint64_t patient;
  auto operator<=>(const Frame&) const = default;
};
Frame frame_of(const imaging::DicomHeader& h) { return {h.study_uid, h.frame_of_reference, h.patient_key}; }

struct Found {
  std::optional<FacePlane> plane;
  double face_ml = 0;
  std::string reason;
};

Found look_for_face(const Series& series, const fs::path& review, bool overwrite) {
  const imaging::DicomHeader& h = series.header();
  if (h.modality != "MR" && h.modality != "CT") return {{}, 0, "faces are found in MR and CT only"};
  const FindFaceOptions options{.is_hu = h.modality == "CT"};
  try {
    const bool is_even = series.problem.empty();
    require(is_even || series.is_uneven || series.tilt_degrees > 0, ErrorCode::kUnsupported, series.problem);
    const Volume image = is_even ? imaging::load_series(series) : imaging::load_even(series);
    const imaging::FoundFace face = imaging::find_face(image, options);
    write_review(image, face.plane, options, review, overwrite);
    return {face.plane, face.face_ml, ""};
  } catch (const Error& error) {  // another series of the frame may tell
    if (error.code() == ErrorCode::kCannotWrite) throw;
    return {{}, 0, error.code() == ErrorCode::kUnsupported ? error.what() : "its pixels cannot be read"};
  }
}

}  // namespace

FacesToRemove find_faces(const std::vector<fs::path>& files, const fs::path& review, const imaging::Pseudonyms& pseudonyms, bool overwrite) {
  const imaging::Study study = imaging::scan_files(files);
  std::vector<Found> found(study.series.size());
  std::map<Frame, Found> best;
  Progress progress("finding faces", study.series.size());
  for (std::size_t n = 0; n < study.series.size();) {
    const Series& series = study.series[n];
    const std::size_t volumes = imaging::volumes_from(study, n);
    const std::string name = pseudonyms.uid(series.header().series_uid) + (series.part.empty() && series.volume <= 1 ? "" : "-" + std::to_string(n + 1));
    found[n] = look_for_face(series, review / (name + ".png"), overwrite);
    if (Found& most = best[frame_of(series.header())]; found[n].face_ml > most.face_ml) most = found[n];
    for (std::size_t v = 1; v < volumes; ++v) found[n + v] = found[n];
    n += volumes;
    progress.advance(volumes);
  }
  progress.finish();
  FacesToRemove result;
  for (std::size_t n = 0; n < study.series.size(); ++n) {
    const Series& series = study.series[n];
    const bool has_frame = !series.header().frame_of_reference.empty();
    const auto& plane = found[n].plane || !has_frame ? found[n].plane : best[frame_of(series.header())].plane;
    for (const imaging::DicomHeader& h : series.slices) {
      if (!plane) {
        result.refused[h.file] = "its face was not removed: " + found[n].reason;
        continue;
      }
      result.files[h.file].slices.push_back(h);
      result.files[h.file].planes.push_back(*plane);
    }
  }
  for (const auto& rejected : study.rejected) result.refused[rejected.file] = "its face was not removed: " + rejected.reason;
  for (const auto& [file, reason] : result.refused) result.files.erase(file);
  return result;
}

fs::path deface_image(const fs::path& input, const fs::path& output, const fs::path& review, bool overwrite) {
  imaging::ImageFile file = imaging::read_image(input);
  require(file.volumes.size() == 1, ErrorCode::kUnsupported, "faces are removed from images of one volume; this one has " + std::to_string(file.volumes.size()));
  Volume& image = file.volumes.front();
  const FindFaceOptions options{.is_hu = std::any_of(image.voxels.begin(), image.voxels.end(), [](float value) { return value < -500; })};
  const fs::path result = output / (imaging::image_stem(input) + ".nii.gz");
  require_free(result, overwrite);
  const imaging::FoundFace face = imaging::find_face(image, options);
  write_review(image, face.plane, options, review / (imaging::image_stem(input) + ".png"), overwrite);
  imaging::remove_face(image, face.plane, air(options));
  imaging::write_nifti(result, image, {.integers = file.integers});
  return result;
}

}  // namespace consilium::pipelines
