#include "pipelines/site_clusters.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "models/state/clusters.h"

namespace consilium::pipelines {
namespace {

std::optional<std::int64_t> least_of(const std::vector<double>& losses) {
  std::optional<std::size_t> least;
  for (std::size_t k = 0; k < losses.size(); ++k)
    if (std::isfinite(losses[k]) && (!least || losses[k] < losses[*least])) least = k;
  return least;
}

}  // namespace

std::optional<std::int64_t> SiteClusters::chosen_on(std::int64_t trainings, const std::string& model_digest) const {
  const fs::path file = file_of(trainings);
  if (!fs::exists(file)) return std::nullopt;
  const Json json = read_json(file);
  SettingsReader reader(json, file.string());
  std::string of;
  std::int64_t cluster = 0;
  Json losses;
  reader.required("model", of);
  reader.required("cluster", cluster);
  reader.raw("losses", losses);
  reader.finish();
  require(cluster >= 0 && cluster < settings_.count, ErrorCode::kCorruptData, file.string() + ": names cluster " + std::to_string(cluster) + " of " + std::to_string(settings_.count));
  return model_digest.empty() || of == model_digest ? std::optional(cluster) : std::nullopt;
}

std::int64_t SiteClusters::choose(const ModelState& joined, std::int64_t trainings, const std::string& model_digest, const Loss& loss) const {
  const std::int64_t count = cluster_count(joined);
  require(count == settings_.count, ErrorCode::kMismatch, "the global model holds " + std::to_string(count) + " clusters, and the task asks for " + std::to_string(settings_.count));
  if (!model_digest.empty())
    if (const auto known = chosen_on(trainings, model_digest)) return *known;
  std::vector<double> losses;
  std::int64_t cluster = 0;
  if (trainings == settings_.shared_rounds && settings_.shared_rounds > 0) {
    cluster = static_cast<std::int64_t>(Rng(seed_).fork("first cluster").fork(site_).below(static_cast<std::uint64_t>(count)));
  } else if (trainings >= settings_.shared_rounds) {
    for (std::int64_t k = 0; k < count; ++k) losses.push_back(loss(cluster_of(joined, k)));
    const auto least = least_of(losses);
    require(least.has_value(), ErrorCode::kUnexpected, "after " + std::to_string(trainings) + " rounds the loss of no cluster's model is finite on this site's cases");
    cluster = *least;
  }
  write_file(file_of(trainings), Json{{"model", model_digest}, {"cluster", cluster}, {"losses", losses}}.dump() + "\n");
  return cluster;
}

std::optional<std::int64_t> SiteClusters::chosen(std::int64_t trainings) const {
  for (; trainings >= 0; --trainings)
    if (const auto cluster = chosen_on(trainings, "")) return cluster;
  return std::nullopt;
}

bool SiteClusters::goes_on(std::int64_t round) const {
  return round <= settings_.shared_rounds || (round > 0 && chosen_on(round - 1, "") == chosen_on(round, ""));
}

ModelState SiteClusters::update(const ModelState& delta, const ModelState& joined, std::int64_t round) const {
  std::vector<std::int64_t> clusters{chosen(round).value_or(0)};
  if (round < settings_.shared_rounds) {
    clusters.resize(static_cast<std::size_t>(settings_.count));
    std::iota(clusters.begin(), clusters.end(), 0);
  }
  return place_in_clusters(delta, joined, clusters);
}

}  // namespace consilium::pipelines
