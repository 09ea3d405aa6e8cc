#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Each row of [N, C] brought to length 1; a row of zeros stays one.
at::Tensor unit_rows(const at::Tensor& rows);

}  // namespace consilium::models
