#include "models/partial_labels.h"

#include <cmath>

#include "base/error.h"

namespace consilium::models {
namespace {

const std::vector<std::pair<std::string, PartialLabels>> kWords{{"marginal", PartialLabels::kMarginal}, {"naive", PartialLabels::kNaive}};

}  // namespace

void validate(const PartialLabelOptions& o) {
  require(std::isfinite(o.exclusion_weight) && o.exclusion_weight >= 0, ErrorCode::kUsage, "partial_labels.exclusion_weight: expected a number of at least 0");
  require(std::isfinite(o.distillation_weight) && o.distillation_weight >= 0, ErrorCode::kUsage, "partial_labels.distillation_weight: expected a number of at least 0");
  require(std::isfinite(o.temperature) && o.temperature > 0, ErrorCode::kUsage, "partial_labels.temperature: expected a number above 0");
  const bool naive = o.loss == PartialLabels::kNaive;
  require(!naive || (o.exclusion_weight == 0 && o.distillation_weight == 0), ErrorCode::kUsage, "partial_labels: naive training takes every label for complete, it has no exclusion and no distillation");
}

void read_partial_label_options(SettingsReader& reader, PartialLabelOptions& o) {
  reader.choice("loss", o.loss, kWords);
  reader.field("exclusion_weight", o.exclusion_weight);
  reader.field("distillation_weight", o.distillation_weight);
  reader.field("temperature", o.temperature);
  reader.finish();
  validate(o);
}

Json to_json(const PartialLabelOptions& o) {
  return {{"loss", o.loss == PartialLabels::kNaive ? "naive" : "marginal"}, {"exclusion_weight", o.exclusion_weight}, {"distillation_weight", o.distillation_weight}, {"temperature", o.temperature}};
}

}  // namespace consilium::models
