#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

struct ReportOptions {
  std::filesystem::path pictures;  ///< folder for charts (SVG) and overlays (PNG) as files of their own; empty: none
};

struct ReportOutcome {
  std::string headline;
  std::string answer;
  std::vector<std::string> warnings;  ///< sites that were missing; pictures that could not be drawn, and why
  std::vector<std::filesystem::path> files;
  Json summary;  ///< the numbers behind the answer
};

/// Turns a run's folder (results.json, images, references, predictions; as `consilium simulate` leaves it) into one HTML page
/// that needs nothing else. Same folder, same bytes.
/// @throws Error{kNotFound} no results.json; Error{kUsage} naming what is wrong in it; Error{kCannotWrite}
ReportOutcome write_report(const std::filesystem::path& run, const std::filesystem::path& html,
                           const ReportOptions& options = {});

}  // namespace consilium::pipelines
