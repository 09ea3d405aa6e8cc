#include "fl/estimate/update_source.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "models/state/safetensors.h"

namespace consilium::fl {

SyntheticUpdates::SyntheticUpdates(const UpdateProfile& profile, std::uint64_t seed) : profile_(profile), rng_(Rng(seed).fork("updates")) {
  Rng rng = rng_.fork("common");
  for (std::int64_t n = 0; n < profile_.weights; ++n) common_.push_back(rng.normal());
}

ModelState SyntheticUpdates::initial() const {
  return {{{"weights", "trunk", {profile_.weights}, std::vector<float>(static_cast<std::size_t>(profile_.weights), 0)}}};
}

std::vector<double> SyntheticUpdates::optimum(std::size_t number) const {
  Rng rng = rng_.fork("site").fork(number);
  std::vector<double> optimum = common_;
  for (double& value : optimum) value += rng.normal(0, profile_.spread);
  return optimum;
}

Update SyntheticUpdates::update(std::size_t number, std::int64_t, const ModelState& global) const {
  Update update;
  update.delta = global;
  const std::vector<double> goal = optimum(number);
  for (std::size_t n = 0; n < goal.size(); ++n) {
    float& value = update.delta.tensors[0].values[n];
    value = static_cast<float>(profile_.step * (goal[n] - static_cast<double>(value)));
  }
  return update;
}

double SyntheticUpdates::score(std::size_t number, const ModelState& global) const {
  const std::vector<double> goal = optimum(number);
  double squares = 0;
  for (std::size_t n = 0; n < goal.size(); ++n) {
    const double distance = goal[n] - static_cast<double>(global.tensors[0].values[n]);
    squares += distance * distance;
  }
  return 1 / (1 + squares / static_cast<double>(goal.size()));
}

RecordedUpdates::RecordedUpdates(const std::string& folder) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, folder + ": no such folder of recorded updates");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  require(!files.empty(), ErrorCode::kNotFound, folder + ": holds no .safetensors file with an update");
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    deltas_.push_back(std::make_shared<const ModelState>(read_safetensors(file).state));
    require_same_layout(*deltas_.front(), *deltas_.back());
  }
}

ModelState RecordedUpdates::initial() const {
  ModelState zero = *deltas_.front();
  for (NamedTensor& tensor : zero.tensors) std::fill(tensor.values.begin(), tensor.values.end(), 0.0F);
  return zero;
}

Update RecordedUpdates::update(std::size_t number, std::int64_t round, const ModelState&) const {
  Update update;
  update.shared_delta = deltas_[(number + static_cast<std::size_t>(round)) % deltas_.size()];
  return update;
}

double RecordedUpdates::score(std::size_t, const ModelState&) const { return 0; }

std::unique_ptr<UpdateSource> make_update_source(const UpdateProfile& profile, std::uint64_t seed) {
  if (profile.kind == UpdateKind::kRecorded) return std::make_unique<RecordedUpdates>(profile.folder);
  return std::make_unique<SyntheticUpdates>(profile, seed);
}

}  // namespace consilium::fl
