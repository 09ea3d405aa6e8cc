#include "models/training_batch_module.h"

#include "models/augment.h"
#include "models/fit.h"
#include "models/patches.h"

namespace consilium::models {

TrainingBatch draw_batch(std::span<const TrainingCase> cases, const FitOptions& options, int size, const UNetOptions& network, Rng& rng) {
  const auto& p = options.patch;
  const int channels = network.in_channels;
  TrainingBatch batch{torch::empty({size, channels, p[0], p[1], p[2]}), torch::empty({size, p[0], p[1], p[2]}, torch::kLong), {}};
  const auto voxels = static_cast<std::size_t>(p[0] * p[1] * p[2]);
  for (int n = 0; n < size; ++n) {
    const std::uint64_t number = rng.below(cases.size());
    const TrainingCase& sample = cases[number];
    const PatchPlace place = draw_patch(sample, p, rng.chance(options.foreground_share), rng);
    at::Tensor image = batch.image[n], labels = batch.labels[n];
    copy_patch(sample, place, p, {image.data_ptr<float>(), voxels * static_cast<std::size_t>(channels)}, {labels.data_ptr<std::int64_t>(), voxels});
    augment(image, labels, options.augment, rng);
    batch.sets.push_back(sample.sets);
    batch.cases.push_back(static_cast<std::int64_t>(number));
    for (ModalitySet& set : presence_of(sample, network)) batch.presence.push_back(std::move(set));
  }
  return batch;
}

TrainingBatch moved_to(TrainingBatch batch, c10::Device device) {
  batch.image = batch.image.to(device);
  batch.labels = batch.labels.to(device);
  return batch;
}

}  // namespace consilium::models
