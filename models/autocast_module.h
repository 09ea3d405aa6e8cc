#pragma once

// Only for .cpp files of this folder.
#include "models/precision.h"

namespace consilium::models {

/// bfloat16 autocast on the CPU for its scope, where `precision` resolves to it.
class AutocastScope {
 public:
  explicit AutocastScope(Precision precision);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool active_;
};

}  // namespace consilium::models
