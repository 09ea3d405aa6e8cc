#pragma once

#include <string>
#include <vector>

#include "pipelines/report_charts.h"

namespace consilium::pipelines {

/// Rows: every subset of the modalities; columns: models; mean Dice over the test cases of `site` (empty: of all sites). Empty where no subsets were judged.
std::string subset_table(const RunResults& results, const std::string& site);
/// The subset table of all sites, and below it that of each.
std::string subset_tables(const RunResults& results);

/// How well vectors of one modality find another's; empty where it was not measured.
std::string retrieval_table(const RunResults& results);
/// What each modality weighs in the fusion, by site.
std::string gate_table(const RunResults& results);
/// The vectors of all test cases in two dimensions: before and after the training, whole images and means of classes. Colours are modalities, shapes classes.
std::vector<Chart> feature_maps(const RunResults& results);

}  // namespace consilium::pipelines
