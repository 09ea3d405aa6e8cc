#include "fl/unpredictable.h"

#include <openssl/rand.h>

#include "base/error.h"

namespace consilium::fl {

std::string unpredictable_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1, ErrorCode::kUnexpected, "the system gives no random bytes");
  return bytes;
}

std::string to_hexadecimal(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

}  // namespace consilium::fl
