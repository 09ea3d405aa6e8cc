#pragma once

// Only for .cpp files of this folder.
#include <c10/core/Device.h>
#include <c10/util/Exception.h>

#include <string>

#include "base/error.h"

namespace consilium::models {

/// Does `work`. What LibTorch says of a CUDA device that has no memory left or has gone is told in a line that names the device, and what to do.
/// @throws as `work`; Error{kUnsupported} too little memory; Error{kUnexpected} the device failed.
template <typename Work>
auto on_device(c10::Device device, const Work& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError&) {
    throw Error(ErrorCode::kUnsupported, device.str() + ": too little memory for this network and patch; a smaller fit.patch or fit.batch needs less, and --device cpu takes the processor's");
  } catch (const c10::Error& error) {
    if (device.is_cpu()) throw;
    const std::string message = error.what_without_backtrace();
    throw Error(ErrorCode::kUnexpected, device.str() + ": " + message.substr(0, message.find('\n')));
  }
}

}  // namespace consilium::models
