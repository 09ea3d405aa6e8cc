#include <algorithm>
#include <numeric>

#include "models/alignment/anchor_loss.h"
#include "models/alignment/class_weights.h"
#include "models/alignment/decorrelation_loss.h"
#include "models/alignment/info_nce.h"
#include "models/alignment/modality_dropout.h"
#include "models/autocast_module.h"
#include "models/index_tensor_module.h"
#include "models/multimodal_loss_module.h"
#include "models/named_tensor_module.h"

namespace consilium::models {
namespace {

std::vector<LabelSets> select(const std::vector<LabelSets>& sets, const std::vector<std::int64_t>& samples) {
  std::vector<LabelSets> result;
  for (const std::int64_t n : samples) result.push_back(sets[static_cast<std::size_t>(n)]);
  return result;
}

std::vector<std::int64_t> select(const std::vector<std::int64_t>& all, const std::vector<std::int64_t>& samples) {
  std::vector<std::int64_t> result;
  for (const std::int64_t n : samples) result.push_back(all[static_cast<std::size_t>(n)]);
  return result;
}

at::Tensor rows_of(const at::Tensor& all, const std::vector<std::int64_t>& samples) {
  return static_cast<std::int64_t>(samples.size()) == all.size(0) ? all : all.index_select(0, index_tensor(samples, all.device()));
}

/// Places of a sample that are compared.
constexpr std::int64_t kMostPlaces = 256;

/// All of them, or as many as are compared at random.
at::Tensor choose_places(std::int64_t count, c10::Device device, Rng& rng) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(count));
  std::iota(places.begin(), places.end(), 0);
  if (count > kMostPlaces) {
    for (std::size_t n = 0; n < kMostPlaces; ++n) std::swap(places[n], places[n + rng.below(places.size() - n)]);
    places.resize(kMostPlaces);
    std::sort(places.begin(), places.end());
  }
  return index_tensor(places, device);
}

/// Rows of two samples of one study are no negatives of each other: their patches may overlap. Rows of one sample are.
at::Tensor of_one_study(const std::vector<std::int64_t>& cases, std::int64_t places, c10::Device device) {
  const at::Tensor numbers = index_tensor(cases, device);
  const at::Tensor other = (numbers.unsqueeze(1) == numbers.unsqueeze(0)) & ~torch::eye(numbers.size(0), numbers.options().dtype(torch::kBool));
  return other.repeat_interleave(places, 0).repeat_interleave(places, 1);
}

/// Of what there is of each term; nothing: 0.
class Mean {
 public:
  void add(const at::Tensor& term) {
    sum_ = sum_.defined() ? sum_ + term : term;
    ++count_;
  }
  at::Tensor value() const { return count_ == 0 ? torch::zeros({}) : sum_ / static_cast<double>(count_); }

 private:
  at::Tensor sum_;
  int count_ = 0;
};

}  // namespace

MultimodalLoss::MultimodalLoss(MultimodalNetImpl& net, const MultimodalLossOptions& options) : net_(net), weights_(net.options.multimodal), options_(options) {
  const std::int64_t outputs = net.options.out_channels;
  const auto options64 = torch::TensorOptions(net.device()).dtype(torch::kFloat64);
  sums_ = torch::zeros({outputs, net.options.filters.back()}, options64);
  counts_ = torch::zeros({outputs, 1}, options64);
}

at::Tensor MultimodalLoss::of(const TrainingBatch& batch, const at::Tensor& teacher, Rng& rng) {
  const Presence used = drop_modalities(batch.presence, weights_.modality_dropout, rng);
  const bool aligns = weights_.anchor_weight > 0 && !net_.known_anchors().empty();
  const bool splits = weights_.decorrelation_weight > 0 && net_.shared_channels < net_.options.filters.back();
  const bool all = weights_.auxiliary_weight > 0 || options_.contrasts || aligns || splits;
  std::vector<ModalityFeatures> features;
  std::vector<at::Tensor> fused, outputs;
  {
    const AutocastScope autocast(options_.precision, net_.device());
    features = net_.encode(batch.image, all ? batch.presence : used);
    fused = net_.fuse(features, used);
    outputs = net_.predict_from(fused);
  }
  at::Tensor loss = supervised_loss(outputs, batch.labels, batch.sets, teacher, options_.supervision);
  if (weights_.auxiliary_weight > 0) loss = loss + weights_.auxiliary_weight * auxiliary(batch, features, used);
  if (options_.contrasts) loss = loss + weights_.contrastive_weight * contrast(batch, features, rng);
  if (splits) loss = loss + weights_.decorrelation_weight * decorrelated(features);
  if (!aligns && !options_.gathers_means) return loss;
  const at::Tensor weights = class_weights(batch.labels, batch.sets, net_.options.out_channels, output_kind(options_.supervision), stride_of(net_.options));
  if (options_.gathers_means) gather(fused.back(), weights);
  return aligns ? loss + weights_.anchor_weight * anchored(features, weights) : loss;
}

at::Tensor MultimodalLoss::auxiliary(const TrainingBatch& batch, const std::vector<ModalityFeatures>& features, const Presence& used) {
  Mean mean;
  for (const ModalityFeatures& own : features) {
    if (own.samples.empty()) continue;
    at::Tensor logits;
    {
      const AutocastScope autocast(options_.precision, net_.device());
      logits = net_.single_head(own.levels);
    }
    mean.add(supervised_loss({logits}, rows_of(batch.labels, own.samples), select(batch.sets, own.samples), {}, options_.supervision));
  }
  Mean of_regions;
  std::vector<at::Tensor> regions;
  {
    const AutocastScope autocast(options_.precision, net_.device());
    regions = net_.regions(features, used);
  }
  for (std::size_t level = 0; level < regions.size(); ++level) {
    const std::int64_t step = 1LL << level;
    const at::Tensor coarse = batch.labels.slice(1, 0, {}, step).slice(2, 0, {}, step).slice(3, 0, {}, step).contiguous();
    of_regions.add(supervised_loss({regions[level]}, coarse, batch.sets, {}, options_.supervision));
  }
  return mean.value() + of_regions.value();
}

at::Tensor MultimodalLoss::contrast(const TrainingBatch& batch, const std::vector<ModalityFeatures>& features, Rng& rng) {
  std::vector<at::Tensor> projected(features.size());
  for (std::size_t m = 0; m < features.size(); ++m)
    if (!features[m].samples.empty()) projected[m] = net_.project(m, features[m]);
  Mean mean;
  for (std::size_t a = 0; a < features.size(); ++a)
    for (std::size_t b = a + 1; b < features.size(); ++b) {
      std::vector<std::int64_t> both;
      std::set_intersection(features[a].samples.begin(), features[a].samples.end(), features[b].samples.begin(), features[b].samples.end(), std::back_inserter(both));
      if (both.empty()) continue;
      const at::Tensor chosen = choose_places(projected[a].size(1), projected[a].device(), rng);
      const auto rows = [&](std::size_t m) {
        std::vector<std::int64_t> places;
        for (const std::int64_t sample : both) places.push_back(std::lower_bound(features[m].samples.begin(), features[m].samples.end(), sample) - features[m].samples.begin());
        return rows_of(projected[m], places).index_select(1, chosen).flatten(0, 1);
      };
      mean.add(info_nce(rows(a), rows(b), weights_.temperature, of_one_study(select(batch.cases, both), chosen.size(0), chosen.device())));
    }
  return mean.value();
}

at::Tensor MultimodalLoss::anchored(const std::vector<ModalityFeatures>& features, const at::Tensor& weights) {
  Mean mean;
  const auto known = net_.known_anchors();
  for (const ModalityFeatures& own : features) {
    if (own.samples.empty()) continue;
    const at::Tensor of_samples = rows_of(weights, own.samples);
    at::Tensor alone;
    {
      const AutocastScope autocast(options_.precision, net_.device());
      alone = net_.alone(own);
    }
    const at::Tensor means = class_means_of_batch(widened(alone), of_samples);
    const at::Tensor sizes = of_samples.sum({0, 2, 3, 4});
    std::vector<at::Tensor> rows, anchors;
    for (const auto& [c, anchor] : known) {
      if (sizes[c].item<float>() == 0) continue;
      rows.push_back(means[c]);
      anchors.push_back(anchor);
    }
    if (!rows.empty()) mean.add(anchor_loss(torch::stack(rows), torch::stack(anchors)));
  }
  return mean.value();
}

at::Tensor MultimodalLoss::decorrelated(const std::vector<ModalityFeatures>& features) {
  Mean mean;
  for (const ModalityFeatures& own : features)
    if (!own.samples.empty()) mean.add(decorrelation_loss(widened(net_.shared(own)), widened(net_.own(own))));
  return mean.value();
}

void MultimodalLoss::gather(const at::Tensor& fused, const at::Tensor& weights) {
  const torch::NoGradGuard no_graph;
  const at::Tensor means = class_means_of_samples(fused.to(torch::kFloat64), weights);
  const at::Tensor there = (weights.sum({2, 3, 4}) > 0).to(torch::kFloat64).unsqueeze(2);
  sums_ += (means * there).sum(0);
  counts_ += there.sum(0);
}

std::map<std::int64_t, std::vector<float>> MultimodalLoss::class_means() const {
  std::map<std::int64_t, std::vector<float>> means;
  for (std::int64_t c = 0; c < counts_.size(0); ++c) {
    const double count = counts_[c].item<double>();
    if (count == 0) continue;
    means[c] = values_of(sums_[c] / count);
  }
  return means;
}

}  // namespace consilium::models
