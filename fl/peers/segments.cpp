#include "fl/peers/segments.h"

#include <algorithm>
#include <functional>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// Calls use(tensor number, first value, end) for every tensor that reaches into the segment.
void for_parts(const ModelState& layout, std::size_t index, std::size_t parts, const std::function<void(std::size_t, std::size_t, std::size_t)>& use) {
  require(index < parts, ErrorCode::kMismatch, "segment " + std::to_string(index) + " of " + std::to_string(parts));
  std::size_t count = 0;
  for (const NamedTensor& tensor : layout.tensors) count += tensor.values.size();
  // index * (count / parts) and the rest apart: count * index could overflow.
  const auto bound = [&](std::size_t n) { return count / parts * n + count % parts * n / parts; };
  std::size_t start = 0;
  for (std::size_t t = 0; t < layout.tensors.size(); ++t) {
    const std::size_t size = layout.tensors[t].values.size(), end = start + size;
    const std::size_t low = std::max(start, bound(index)), high = std::min(end, bound(index + 1));
    if (low < high) use(t, low - start, high - start);
    start = end;
  }
}

}  // namespace

ModelState segment_of(const ModelState& model, const ModelState& layout, std::size_t index, std::size_t parts) {
  ModelState segment;
  for_parts(layout, index, parts, [&](std::size_t t, std::size_t begin, std::size_t end) {
    const std::string& name = layout.tensors[t].name;
    const NamedTensor* at = find_tensor(model, name);
    if (at == nullptr) return;
    require(at->values.size() == layout.tensors[t].values.size(), ErrorCode::kMismatch, "tensor " + name + " has another size than the global model's");
    segment.tensors.push_back({name, at->group, {static_cast<std::int64_t>(end - begin)}, {at->values.begin() + static_cast<std::ptrdiff_t>(begin), at->values.begin() + static_cast<std::ptrdiff_t>(end)}});
  });
  return segment;
}

void put_segment(const ModelState& segment, std::size_t index, std::size_t parts, ModelState& model) {
  std::size_t next = 0;
  for_parts(model, index, parts, [&](std::size_t t, std::size_t begin, std::size_t end) {
    NamedTensor& tensor = model.tensors[t];
    require(next < segment.tensors.size() && segment.tensors[next].name == tensor.name && segment.tensors[next].values.size() == end - begin, ErrorCode::kMismatch, "a segment that does not fit tensor " + tensor.name);
    std::copy(segment.tensors[next].values.begin(), segment.tensors[next].values.end(), tensor.values.begin() + static_cast<std::ptrdiff_t>(begin));
    ++next;
  });
  require(next == segment.tensors.size(), ErrorCode::kMismatch, "a segment with tensors of another one");
}

}  // namespace consilium::fl
