#include "fl/compress/delta_format.h"

#include "fl/compress/bytes.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

std::string layout_digest(const ModelState& global) {
  std::string text;
  for (const NamedTensor& tensor : global.tensors) {
    // Lengths go first, so that ("ab", "c") and ("a", "bc") differ.
    for (const std::string* word : {&tensor.name, &tensor.group}) {
      put_varint(text, word->size());
      text += *word;
    }
    put_varint(text, tensor.shape.size());
    for (const std::int64_t extent : tensor.shape) put_varint(text, static_cast<std::uint64_t>(extent));
  }
  return sha256(text);
}

}  // namespace consilium::fl
