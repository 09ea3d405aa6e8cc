#include "pipelines/report_pictures.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "imaging/nifti/nifti.h"
#include "imaging/render/overlay.h"
#include "pipelines/report_findings.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCases = 8;  // keeps the page below 3 MB

/// Names come from a file: none may lead out of the run's folder.
const std::string& plain_name(const std::string& name) {
  const bool plain =
      !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  require(plain, ErrorCode::kUsage, "a name in results.json is no file name");
  return name;
}

double mean_dice(const std::vector<RegionScore>& regions) {
  double sum = 0;
  for (const RegionScore& score : regions) sum += score.dice;
  return sum / static_cast<double>(regions.size());
}

const CaseResult* result_of(const RunResults& results, const CasePicture& c, const std::string& model) {
  for (const CaseResult& r : results.cases)
    if (r.model == model && r.site == c.site && r.name == c.name && r.fold == c.fold) return &r;
  return nullptr;
}

std::vector<CasePicture> choose(const RunResults& results, const std::string& model) {
  std::vector<CasePicture> ranked;
  for (const CaseResult& c : results.cases)
    if (c.model == model && !c.regions.empty()) {
      CasePicture picture;
      picture.site = c.site, picture.name = c.name, picture.fold = c.fold, picture.dice = mean_dice(c.regions);
      ranked.push_back(std::move(picture));
    }
  std::stable_sort(ranked.begin(), ranked.end(), [](const CasePicture& a, const CasePicture& b) { return a.dice > b.dice; });
  std::vector<CasePicture> chosen;
  const auto take = [&](const CasePicture& c, const char* role) {
    const bool known = std::any_of(chosen.begin(), chosen.end(), [&](const CasePicture& o) {
      return o.site == c.site && o.name == c.name && o.fold == c.fold;
    });
    if (known || chosen.size() >= kMostCases) return;
    chosen.push_back(c);
    chosen.back().role = role;
  };
  if (ranked.empty()) return chosen;
  take(ranked.front(), ranked.size() == 1 ? "only" : "best");
  if (ranked.size() > 2) take(ranked[ranked.size() / 2], "median");
  take(ranked.back(), "worst");
  for (const SiteSummary& site : results.sites) {
    const auto hardest = std::find_if(ranked.rbegin(), ranked.rend(), [&](const CasePicture& c) { return c.site == site.name; });
    if (hardest != ranked.rend()) take(*hardest, "hardest");
  }
  return chosen;
}

imaging::OverlayOptions options_for(const RunResults& results) {
  imaging::OverlayOptions options;
  options.height = 352;
  const bool enhancing = std::find(results.regions.begin(), results.regions.end(), "ET") != results.regions.end();
  options.inner_label = enhancing ? imaging::kEnhancing : Label{0};
  return options;
}

LabelMap read_labels(const fs::path& folder, const CasePicture& c, const Geometry& grid) {
  LabelMap labels = imaging::read_nifti_labels(folder / plain_name(c.site) / (plain_name(c.name) + ".nii.gz"));
  require(same_grid(labels.geometry, grid, 0.1), ErrorCode::kMismatch, "labels lie on another grid than the image");
  return labels;
}

/// The picture channel, or the one that stands in for it at a case without: channels have no '_' in their names.
std::string shown_channel(const fs::path& folder, const CasePicture& c, const std::string& channel) {
  constexpr std::string_view kEnding = ".nii.gz";
  const std::string beginning = plain_name(c.name) + "_";
  if (fs::exists(folder / (beginning + plain_name(channel) + std::string(kEnding))) || !fs::is_directory(folder)) return channel;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(beginning) || !name.ends_with(kEnding)) continue;
    const std::string word = name.substr(beginning.size(), name.size() - beginning.size() - kEnding.size());
    if (word.find('_') == std::string::npos) return word;
  }
  return channel;
}

void draw(CasePicture& c, const fs::path& run, const RunResults& results) {
  const imaging::OverlayOptions options = options_for(results);
  c.channel = shown_channel(run / "images" / plain_name(c.site), c, results.picture_channel);
  const Volume image = imaging::read_nifti(run / "images" / c.site / (c.name + "_" + c.channel + ".nii.gz"));
  const LabelMap reference = read_labels(run / "references", c, image.geometry);
  std::vector<LabelMap> predictions;
  for (PredictionPicture& p : c.predictions) {
    predictions.emplace_back();
    try {
      predictions.back() = read_labels(run / "predictions" / plain_name(p.model), c, image.geometry);
    } catch (const Error& error) {  // one missing prediction must not cost the others their picture
      p.problem = error.what();
    }
  }
  const bool empty = std::all_of(reference.labels.begin(), reference.labels.end(), [](Label l) { return l == 0; });
  c.slice =
      imaging::best_axial_slice(empty && !predictions.empty() && c.predictions[0].problem.empty() ? predictions[0] : reference);
  c.grey = imaging::render_grey(image, c.slice, options);
  c.shown = imaging::content_box(c.grey);
  c.outline = imaging::render_outline(reference, c.slice, options);
  for (std::size_t n = 0; n < predictions.size(); ++n)
    if (c.predictions[n].problem.empty()) c.predictions[n].fill = imaging::render_fill(predictions[n], c.slice, options);
}

}  // namespace

std::vector<CasePicture> draw_cases(const fs::path& run, const RunResults& results, const std::string& model) {
  std::vector<CasePicture> cases = choose(results, model);
  std::string pooled;
  for (const ModelSummary& m : results.models)
    if (m.kind == "pooled") pooled = m.name;
  for (CasePicture& c : cases) {
    std::vector<std::string> shown{model};
    for (const std::string& other : {own_model_of(results, c.site), pooled})
      if (!other.empty() && std::find(shown.begin(), shown.end(), other) == shown.end()) shown.push_back(other);
    for (const std::string& name : shown)
      if (const CaseResult* r = result_of(results, c, name)) c.predictions.push_back({name, {}, r->regions, ""});
  }
  Progress progress("drawing cases", cases.size());
  for (CasePicture& c : cases) {
    try {
      draw(c, run, results);
    } catch (const Error& error) {  // told in the page, beside the cases that can be shown
      c.problem = error.what();
    }
    progress.advance();
  }
  progress.finish();
  return cases;
}

imaging::Picture flatten(const CasePicture& c, const PredictionPicture& prediction) {
  return imaging::crop(imaging::lay_upon(imaging::lay_upon(c.grey, prediction.fill), c.outline), c.shown);
}

imaging::Picture montage_of(const RunResults& results, const std::vector<CasePicture>& cases) {
  imaging::Montage montage{{"reference", "", "", ""}, {}, {}};
  for (const CasePicture& c : cases) {
    if (c.grey.width == 0 || c.role == "hardest") continue;
    montage.rows.push_back(c.role);
    montage.pictures.push_back({imaging::crop(imaging::lay_upon(c.grey, c.outline), c.shown)});
    for (std::size_t n = 0; n < c.predictions.size(); ++n) {
      const PredictionPicture& p = c.predictions[n];
      montage.columns.at(n + 1) = p.model == own_model_of(results, c.site) ? "site's own model" : p.model;
      montage.pictures.back().push_back(p.fill.width == 0 ? imaging::Picture{} : flatten(c, p));
    }
  }
  return montage.pictures.empty() ? imaging::Picture{} : imaging::draw_montage(montage);
}

}  // namespace consilium::pipelines
