#pragma once

// Only for .cpp files of this folder.
#include <c10/core/Device.h>

#include "models/precision.h"

namespace consilium::models {

/// bfloat16 autocast for its scope, where `precision` resolves to it on the device that computes.
class AutocastScope {
 public:
  AutocastScope(Precision precision, c10::Device device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool active_;
  c10::DeviceType type_;
};

/// Whether the processor's operations are in a scope of autocast.
bool autocasts_on_cpu();

}  // namespace consilium::models
