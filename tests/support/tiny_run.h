#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "imaging/label_scheme.h"
#include "pipelines/run_results.h"
#include "tests/support/tiny_site.h"

namespace consilium::test {

struct TinyRun {
  std::vector<std::string> sites{"north", "south", "west"};
  std::size_t cases = 4;             ///< per site
  std::string scheme = "brats2023";  ///< or "binary"
  double federated_fault = 0.05;     ///< share of tumour voxels that the federated model misses
  double own_fault = 0.2;            ///< a single-site model at home; abroad it misses twice as many
  bool pooled = true;
  bool federated = true;
  bool single = true;
};

inline pipelines::ModelSummary tiny_model(const std::string& name, const std::string& kind,
                                          const std::vector<std::string>& sites) {
  pipelines::ModelSummary model{name, kind, sites, 75.5, 40, 2, {}};
  if (kind == "federated") model.upload_bytes = 2.5e6, model.raw_bytes = 40e6;
  for (int round = 1; round <= 4; ++round) {
    pipelines::CurvePoint point{round, round * 10, 1.0 / round, {}};
    for (const std::string& site : sites) point.validation[site] = 0.9 - 0.4 / round;
    model.curve.push_back(point);
  }
  return model;
}

/// The results of a run, and its folder: images, references, and predictions that miss a known share of the tumour.
inline pipelines::RunResults write_tiny_run(const std::filesystem::path& run, const TinyRun& wanted = {}) {
  const imaging::LabelScheme& scheme = imaging::label_scheme(wanted.scheme);
  pipelines::RunResults results;
  results.title = "Tiny run";
  results.picture_channel = "FLAIR";
  results.notes = {"A note."};
  results.versions = {{"consilium", "0.0"}};
  results.settings = {{"training", {{"steps", 40}}}};
  results.seconds_total = 100;
  for (const imaging::Region region : scheme.regions) results.regions.emplace_back(imaging::to_string(region));
  if (wanted.single)
    for (const std::string& site : wanted.sites) results.models.push_back(tiny_model(site, "single", {site}));
  if (wanted.pooled) results.models.push_back(tiny_model("pooled", "pooled", wanted.sites));
  if (wanted.federated) results.models.push_back(tiny_model("federated", "federated", wanted.sites));
  Rng rng(7);
  for (const std::string& site : wanted.sites) {
    results.sites.push_back({site, "a site", 5, 1, static_cast<int>(wanted.cases)});
    for (std::size_t n = 0; n < wanted.cases; ++n) {
      const std::string name = "case-" + std::to_string(n);
      TinyPatient patient = tiny_patient(rng.next());
      if (wanted.scheme == "binary")
        for (Label& label : patient.labels.labels) label = label > 0 ? 1 : 0;
      imaging::write_nifti(run / "images" / site / (name + "_FLAIR.nii.gz"), patient.flair);
      imaging::write_nifti(run / "references" / site / (name + ".nii.gz"), patient.labels);
      for (const pipelines::ModelSummary& model : results.models) {
        const double own = model.trained_on == std::vector{site} ? wanted.own_fault : 2 * wanted.own_fault;
        const double fault = model.kind == "single" ? own : wanted.federated_fault;
        LabelMap predicted = patient.labels;
        for (Label& label : predicted.labels)
          if (rng.chance(fault + 0.01 * static_cast<double>(n))) label = 0;
        imaging::write_nifti(run / "predictions" / model.name / site / (name + ".nii.gz"), predicted);
        results.cases.push_back({site, name, model.name, 0, pipelines::evaluate_case(predicted, patient.labels, scheme)});
      }
    }
  }
  write_file(run / "results.json", to_json(results).dump());
  return results;
}

}  // namespace consilium::test
