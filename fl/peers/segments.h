#pragma once

#include "models/state/model_state.h"

namespace consilium::fl {

/// Values [count * index / parts, count * (index + 1) / parts) of a model whose tensors are laid end to end, as a model of flat tensors with the same names and
/// groups; a tensor that `model` lacks, or that does not reach into the segment, is left out. Places are those of `layout`.
ModelState segment_of(const ModelState& model, const ModelState& layout, std::size_t index, std::size_t parts);

/// Puts a segment back. @throws Error{kMismatch} it is not that segment of that layout.
void put_segment(const ModelState& segment, std::size_t index, std::size_t parts, ModelState& model);

}  // namespace consilium::fl
