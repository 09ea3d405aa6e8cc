#pragma once

#include <filesystem>

#include "models/state/model_state.h"

namespace consilium::fl {

/// What a site remembers between its rounds of compressed updates.
///
/// p = delta + residual is encoded, and what its decoding lacks, p - decoded, is the next residual. So the sum of what was sent
/// and the residual is the sum of all deltas: nothing is lost, it comes later. Sources: Seide et al. 2014
/// (doi:10.21437/Interspeech.2014-274); Karimireddy et al. 2019 (arXiv:1901.09847), algorithm 2.
struct ErrorFeedback {
  ModelState residual;  ///< tensors of the model's layout; those without an entry have none yet
  ModelState factors;   ///< PowerSGD's Q by tensor, [columns, rank]

  bool operator==(const ErrorFeedback&) const = default;
};

/// safetensors with tensors "residual/NAME" and "factor/NAME". @throws Error{kCannotWrite}
void write_error_feedback(const std::filesystem::path& path, const ErrorFeedback& memory);
/// @throws Error{kNotFound}, Error{kCorruptData}
ErrorFeedback read_error_feedback(const std::filesystem::path& path);

/// Puts `tensor` in its place, or in place of the one of its name.
void put_tensor(ModelState& state, NamedTensor tensor);

}  // namespace consilium::fl
