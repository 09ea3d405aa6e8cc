#include "models/device.h"

#include <torch/cuda.h>

#include <charconv>
#include <optional>

#include "base/error.h"

namespace consilium::models {
namespace {

constexpr std::string_view kCpu = "cpu", kAuto = "auto", kCuda = "cuda";

/// N of "cuda:N"; 0 of "cuda"; none of another word.
std::optional<int> cuda_number(std::string_view word) {
  if (word == kCuda) return 0;
  if (!word.starts_with("cuda:")) return std::nullopt;
  const std::string_view digits = word.substr(5);
  int number = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = fault == std::errc{} && end == digits.data() + digits.size();
  return whole && number >= 0 && number < 128 ? std::optional(number) : std::nullopt;
}

}  // namespace

void require_device_word(std::string_view word, std::string_view path) {
  require(word == kCpu || word == kAuto || cuda_number(word).has_value(), ErrorCode::kUsage, std::string(path) + ": expected cpu, cuda, cuda:N or auto, found \"" + std::string(word) + "\"");
}

c10::Device find_device(std::string_view word) {
  require_device_word(word, "device");
  const int count = word == kCpu ? 0 : static_cast<int>(torch::cuda::device_count());
  if (word == kCpu || (word == kAuto && count == 0)) return c10::Device(c10::kCPU);
  const std::optional<int> number = word == kAuto ? 0 : cuda_number(word);
  require(count > 0, ErrorCode::kUnsupported, "device " + std::string(word) + ": LibTorch sees no CUDA device (consilium doctor); use --device cpu, or build with a CUDA LibTorch (docs/gpu.md)");
  require(*number < count, ErrorCode::kUnsupported, "device " + std::string(word) + ": there are " + std::to_string(count) + " CUDA devices, the last is cuda:" + std::to_string(count - 1));
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*number));
}

}  // namespace consilium::models
