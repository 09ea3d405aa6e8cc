#include "models/augment.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"

namespace consilium::models {
namespace {

constexpr AugmentOptions kNone{.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};

struct Patch {
  at::Tensor image, labels;
};

/// An ellipsoid off the middle, equal in both channels and in the labels.
Patch ellipsoid() {
  Patch patch{torch::zeros({2, 20, 24, 28}), torch::zeros({20, 24, 28}, torch::kLong)};
  for (int d = 0; d < 20; ++d)
    for (int h = 0; h < 24; ++h)
      for (int w = 0; w < 28; ++w)
        if ((d - 8) * (d - 8) / 16.0 + (h - 12) * (h - 12) / 25.0 + (w - 15) * (w - 15) / 36.0 < 1) patch.labels[d][h][w] = 1;
  patch.image[0] = patch.labels.to(torch::kFloat32);
  patch.image[1] = patch.image[0];
  return patch;
}

TEST(Augment, NothingHappensWhenEverythingIsOff) {
  Patch patch = ellipsoid();
  const at::Tensor before = patch.image.clone();
  Rng rng(1);
  augment(patch.image, patch.labels, kNone, rng);
  EXPECT_TRUE(torch::equal(before, patch.image));
}

TEST(Augment, ImageAndLabelsTurnTogether) {
  AugmentOptions options = kNone;
  options.flip = true;
  options.rotate_chance = 1;
  Rng rng(2);
  for (int n = 0; n < 10; ++n) {
    Patch patch = ellipsoid();
    const at::Tensor before = patch.labels.clone();
    augment(patch.image, patch.labels, options, rng);
    EXPECT_FALSE(torch::equal(before, patch.labels));
    const at::Tensor seen = patch.image[0] > 0.5, labelled = patch.labels > 0;
    const double common = (seen & labelled).sum().item<double>(), both = seen.sum().item<double>() + labelled.sum().item<double>();
    EXPECT_GT(2 * common / both, 0.95);  // linear against nearest interpolation: they differ at the surface only
  }
}

TEST(Augment, ARotationKeepsVolumeInAPatchThatIsNoCube) {
  AugmentOptions options = kNone;
  options.rotate_chance = 1;
  options.zoom = 0;
  options.rotate_degrees = 20;
  Rng rng(3);
  for (int n = 0; n < 10; ++n) {
    Patch patch = ellipsoid();
    const double before = patch.image[0].sum().item<double>();
    augment(patch.image, patch.labels, options, rng);
    EXPECT_NEAR(patch.image[0].sum().item<double>() / before, 1, 0.04);
  }
}

TEST(Augment, IntensitiesChangeChannelByChannelAndLabelsStay) {
  AugmentOptions options = kNone;
  options.intensity_chance = 1;
  options.noise_chance = 1;
  Patch patch = ellipsoid();
  const at::Tensor labels = patch.labels.clone();
  Rng rng(4);
  augment(patch.image, patch.labels, options, rng);
  EXPECT_TRUE(torch::equal(labels, patch.labels));
  EXPECT_FALSE(torch::equal(patch.image[0], patch.image[1]));
  EXPECT_TRUE(torch::isfinite(patch.image).all().item<bool>());
}

TEST(Augment, SameSeedSameBytes) {
  Patch a = ellipsoid(), b = ellipsoid();
  AugmentOptions options{.rotate_chance = 1, .intensity_chance = 1, .noise_chance = 1};
  Rng first(5), second(5);
  augment(a.image, a.labels, options, first);
  augment(b.image, b.labels, options, second);
  EXPECT_TRUE(torch::equal(a.image, b.image));
  options.gamma = 2;
  EXPECT_THROW(validate(options), Error);
}

}  // namespace
}  // namespace consilium::models
