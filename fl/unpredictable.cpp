#include "fl/unpredictable.h"

#include <openssl/rand.h>

#include "base/error.h"

namespace consilium::fl {

std::string unpredictable_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1, ErrorCode::kUnexpected, "the system gives no random bytes");
  return bytes;
}

}  // namespace consilium::fl
