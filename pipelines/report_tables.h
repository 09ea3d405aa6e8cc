#pragma once

#include <string>

#include "pipelines/report_findings.h"

namespace consilium::pipelines {

// Pieces of the report's page, as HTML. Every name that came from a file is escaped.

/// Rows sites, all cases and the worst site; columns models; a site's own model marked. Empty `region`: mean over regions.
std::string dice_matrix(const RunResults& results, const std::string& region);
/// The same of HD95 in mm, with the number of regions that only one of prediction and reference has.
std::string hd95_matrix(const RunResults& results, const std::string& region);

/// Federated against every other model.
std::string comparison_table(const std::vector<Comparison>& comparisons, const std::string& caption);
/// Site by site: own and federated model, change, interval, drawn on one axis.
std::string gain_list(const RunResults& results, const Findings& findings);

/// Where each model does worst, with its interval.
std::string worst_site_table(const RunResults& results);
/// Mean Dice of every model by the kinds of sites that the run's settings name; empty where they name none.
std::string strata_table(const RunResults& results);

std::string site_table(const RunResults& results);
std::string model_table(const RunResults& results);
/// Mean Dice over regions of every case and model.
std::string case_table(const RunResults& results);

}  // namespace consilium::pipelines
