#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fl/round.h"
#include "models/state/model_state.h"
#include "models/state/safetensors_file.h"

namespace consilium::fl {

/// No hospital has more: a bound on what a site can claim as its weight.
inline constexpr std::int64_t kMostCases = 1000000;

/// Local steps are counted in thousands; with momentum 0.999 each counts a thousand times.
inline constexpr double kMostStepNorm = 1e9;

/// What a site sends after its local training of one round.
struct Update {
  std::string site;         ///< the name in the sender's certificate
  std::int64_t round = 0;
  std::string base_digest;  ///< of the global model it started from
  ModelState delta;         ///< trained minus global; groups that it did not train may be left out
  std::map<std::string, std::int64_t> cases_per_group;  ///< how many cases trained each group, >= 0
  Validation validation{};                               ///< of the global model, on the site's own validation cases
  double step_norm = 0;                                  ///< how much of the site's gradients went into delta, see fl/aggregate/fednova.h; 0: not told
  std::map<std::string, double> metrics{};            ///< what the site says about its training ("loss"), for the report only
  std::string nonce{};       ///< of the commitment, drawn by the site; empty: it commits to nothing
  std::string commitment{};  ///< hexadecimal (fl/ledger/commitment.h); made by the coordinator from what came
  std::vector<std::string> case_digests{};  ///< of the training cases, where the sites agreed to (fl/duplicate_cases.h); sorted
  double discount = 1;  ///< (0, 1]: what it counts for beside an update of the open round; set by the coordinator
  std::shared_ptr<const SafetensorsFile> delta_file{};  ///< the weights, where they came over the wire and stay on disk; `delta` is empty then
  std::shared_ptr<const ModelState> shared_delta{};     ///< the weights, where many updates of a simulation have the same; `delta` is empty then
};

/// The weights of an update, wherever they lie, block by block: a coordinator never holds the updates of all its sites.
class UpdateWeights {
 public:
  /// `update` must outlive it.
  explicit UpdateWeights(const Update& update) : update_(&update) {}
  std::size_t size() const { return file() ? file()->size() : state().tensors.size(); }
  /// Name, group and shape; values only where the update is in memory.
  const NamedTensor& tensor(std::size_t number) const { return file() ? file()->tensor(number) : state().tensors[number]; }
  /// Number of the tensor of that name, if the update holds it; tensors must be sorted by name.
  std::optional<std::size_t> find(const std::string& name) const;
  std::size_t value_count(std::size_t number) const { return file() ? file()->value_count(number) : state().tensors[number].values.size(); }
  /// Values [begin, begin + count) of a tensor; `scratch` holds them if they are read from disk. From any number of threads.
  std::span<const float> block(std::size_t number, std::size_t begin, std::size_t count, std::vector<float>& scratch) const;

 private:
  const SafetensorsFile* file() const { return update_->delta_file.get(); }
  const ModelState& state() const { return update_->shared_delta ? *update_->shared_delta : update_->delta; }
  const Update* update_;
};

/// Metrics "upload_bytes", what the weights took on their way, and "raw_bytes", what they take as safetensors: the coordinator's words, not the site's.
void note_bytes(Update& update, std::uint64_t upload_bytes, std::uint64_t raw_bytes);

/// Does this update belong to the round, and does it fit the model? Looks at no weight.
///
/// @throws Error{kMismatch} round, base digest, or a tensor that the global model does not have in that shape and group, or no case count
/// for a group that it holds; Error{kCorruptData} a negative number of cases, a validation or step norm outside its range.
void require_fits(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest);

/// require_fits, and every weight is finite. @throws as require_fits; Error{kCorruptData} naming the tensor.
void require_valid(const Update& update, const ModelState& global, std::int64_t round, const std::string& base_digest);

}  // namespace consilium::fl
