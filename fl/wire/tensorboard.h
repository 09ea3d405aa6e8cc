#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace consilium::fl {

/// The first record of an event file. @param time seconds since 1970.
std::string encode_tensorboard_version(double time);
/// Scalars of one step, by tag.
std::string encode_tensorboard_scalars(double time, std::int64_t step, const std::map<std::string, double>& scalars);

/// One record of a TFRecord file: length (8 bytes), its checksum, the bytes, their checksum, all little-endian. Checksums are CRC-32C, rotated
/// right by 15 bits plus 0xa282ead8.
/// Source: tensorflow.org, "TFRecords format details".
std::string tfrecord(std::string_view bytes);

}  // namespace consilium::fl
