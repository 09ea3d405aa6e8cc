#include "models/alignment/unit_rows.h"

#include <torch/torch.h>

namespace consilium::models {

at::Tensor unit_rows(const at::Tensor& rows) { return rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12); }

}  // namespace consilium::models
