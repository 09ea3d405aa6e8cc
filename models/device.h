#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace consilium::models {

/// What the words of `--device` mean on this machine: "cpu", "cuda" (the first such device), "cuda:1", or "auto": CUDA if there is any, else the processor.
/// @throws Error{kUsage} another word; Error{kUnsupported} the device is not there, with what there is.
c10::Device find_device(std::string_view word);

/// @throws Error{kUsage} naming `path`, unless find_device knows the word on some machine.
void require_device_word(std::string_view word, std::string_view path);

/// The words that find_device takes, for --help.
inline constexpr const char* kDeviceWords = "cpu, cuda, cuda:N, or auto (the default): CUDA where LibTorch sees such a device, else the processor";

}  // namespace consilium::models
