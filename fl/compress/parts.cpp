#include "fl/compress/parts.h"

#include "base/error.h"

namespace consilium::fl {

void require_parts(PartsView parts, std::size_t count) {
  require(parts.size() == count, ErrorCode::kCorruptData,
          "expected " + std::to_string(count) + " parts, found " + std::to_string(parts.size()));
}

}  // namespace consilium::fl
