#include "fl/wire/tensorboard.h"

#include "base/crc32c.h"
#include "consilium/tensorboard/event.pb.h"

namespace consilium::fl {
namespace {

template <typename Number>
std::string little_endian(Number value) {
  std::string bytes;
  for (std::size_t n = 0; n < sizeof value; ++n) bytes += static_cast<char>(value >> (8 * n) & 0xFFU);
  return bytes;
}

std::uint32_t masked(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

}  // namespace

std::string encode_tensorboard_version(double time) {
  tensorboard::Event event;
  event.set_wall_time(time);
  event.set_file_version("brain.Event:2");
  return event.SerializeAsString();
}

std::string encode_tensorboard_scalars(double time, std::int64_t step, const std::map<std::string, double>& scalars) {
  tensorboard::Event event;
  event.set_wall_time(time);
  event.set_step(step);
  for (const auto& [tag, value] : scalars) {
    auto* entry = event.mutable_summary()->add_value();
    entry->set_tag(tag);
    entry->set_simple_value(static_cast<float>(value));
  }
  return event.SerializeAsString();
}

std::string tfrecord(std::string_view bytes) {
  const std::string length = little_endian(static_cast<std::uint64_t>(bytes.size()));
  return length + little_endian(masked(length)) + std::string(bytes) + little_endian(masked(bytes));
}

}  // namespace consilium::fl
