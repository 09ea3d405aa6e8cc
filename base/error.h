#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace consilium {

/// Why a function could not do what its name says. The value is the exit code of the program (docs/exit_codes.md).
enum class ErrorCode : int {
  kUnexpected = 1,   ///< a defect of ours or of a library
  kUsage = 2,        ///< the command line or a settings file is wrong
  kNotFound = 3,     ///< a file, case, attribute or peer that should exist does not
  kCorruptData = 4,  ///< damaged input
  kUnsupported = 5,  ///< sound input of a kind we do not handle
  kMismatch = 6,     ///< two inputs do not belong together
  kCannotWrite = 7,  ///< output could not be written
  kPartial = 8,      ///< some of several failed
  kRefused = 9,      ///< refused by policy
  kUnreachable = 10, ///< a peer could not be reached
  kInterrupted = 130,
};

/// The only exception type we throw. `what()` never holds a patient's name, identifier or date.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error{code, message} unless `condition`.
inline void require(bool condition, ErrorCode code, std::string_view message) {
  if (!condition) throw Error(code, std::string(message));
}

/// "corrupt data", "not found", ...: the word for a code, used in JSON and logs.
std::string_view to_string(ErrorCode code);

}  // namespace consilium
