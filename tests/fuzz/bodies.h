#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace consilium::fuzz {

/// One body per kind of input. Whatever the bytes are, it returns: it never crashes or hangs, and the only exception that the
/// code under test may throw is consilium::Error, with a message and with a code other than kUnexpected. Anything else leaves the
/// body as an exception. What is accepted is also checked: it is written out and read back, or used as a program would.
void fuzz_nifti(std::span<const std::uint8_t> bytes);              ///< a whole file, plain or gzip
void fuzz_dicom(std::span<const std::uint8_t> bytes);              ///< a whole file: header, series, pixels
void fuzz_settings(std::span<const std::uint8_t> bytes);           ///< JSON, by every settings parser that needs no LibTorch
void fuzz_training_settings(std::span<const std::uint8_t> bytes);  ///< JSON, by those that do; only built with LibTorch
void fuzz_wire(std::span<const std::uint8_t> bytes);  ///< a message's full name, a line break, its encoding
/// One input of fuzz_wire for every message of every .proto file.
std::vector<std::string> wire_examples();
void fuzz_npy(std::span<const std::uint8_t> bytes);
void fuzz_safetensors(std::span<const std::uint8_t> bytes);
void fuzz_compressed_update(std::span<const std::uint8_t> bytes);  ///< an update of one small model
void fuzz_encrypted(std::span<const std::uint8_t> bytes);  ///< an encrypted vector of one small ring
/// Made anew each time: nobody can repeat an encryption.
std::vector<std::string> encrypted_examples();
void fuzz_secure(std::span<const std::uint8_t> bytes);  ///< what to do, and a message of secure aggregation or changes to one
/// Made anew each time: keys are random.
std::vector<std::string> secure_examples();
void fuzz_certificate(std::span<const std::uint8_t> bytes);  ///< PEM

struct Kind {
  std::string_view name;
  std::string_view corpus;  ///< folder below tests/fuzz/corpus
  void (*body)(std::span<const std::uint8_t>);
  std::size_t bytes_per_byte;  ///< most heap for one byte of input, beyond a fixed allowance
  std::vector<std::string> (*examples)() = nullptr;  ///< further entries of the corpus
};
/// How GoogleTest names it.
inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
/// Those that this build has.
const std::vector<Kind>& kinds();

}  // namespace consilium::fuzz
