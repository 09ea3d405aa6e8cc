#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "imaging/render/picture.h"
#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// One model's prediction of a case, as a layer of labels.
struct PredictionPicture {
  std::string model;
  imaging::Picture fill;  ///< without pixels when there is none
  std::vector<RegionScore> regions;
  std::string problem;  ///< why there is no picture; empty: there is one
};

/// One case as the report shows it.
struct CasePicture {
  std::string role;  ///< "best", "median", "worst" or "hardest": the worst of its site
  std::string site;
  std::string name;
  int fold = 0;
  double dice = 0;                             ///< of the first prediction, mean over regions
  std::string channel;                         ///< shown: the run's picture channel, or what a case without it is shown in
  std::size_t slice = 0;                       ///< from the feet
  imaging::Picture grey;                       ///< without pixels when there is none
  imaging::Picture outline;                    ///< of the reference
  imaging::Box shown;                          ///< the part worth showing
  std::vector<PredictionPicture> predictions;  ///< of the model the case was chosen by, the site's own, the pooled
  std::string problem;                         ///< why there is no picture at all
};

/// Best, median and worst case by `model`'s mean Dice, and the hardest of each further site, eight cases at most. Images,
/// references and predictions come from the run's folder; what is missing or damaged there is told in `problem`.
std::vector<CasePicture> draw_cases(const std::filesystem::path& run, const RunResults& results, const std::string& model);

/// Image, prediction and outline laid upon each other, cut to the part worth showing.
imaging::Picture flatten(const CasePicture& c, const PredictionPicture& prediction);

/// The figures of the page, as HTML.
std::string pictures_html(const RunResults& results, const std::vector<CasePicture>& cases);
/// What fills and lines mean, as HTML.
std::string picture_legend(const RunResults& results);

/// Best, median and worst case as one picture. Without pixels when no case has a picture.
imaging::Picture montage_of(const RunResults& results, const std::vector<CasePicture>& cases);

}  // namespace consilium::pipelines
