#include "models/state/npy.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "models/state/model_state.h"

namespace consilium {
namespace {

static_assert(std::endian::native == std::endian::little, ".npy data of type <f4 is little endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;  // of the data, as numpy writes it
constexpr std::size_t kHeaderLimit = 1 << 16;
constexpr std::size_t kDimensionLimit = 32;  // numpy's own

struct Header {
  std::string type;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// The header is a Python dict of three known keys: this reads that much of the language and no more.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string origin) : text_(text), origin_(std::move(origin)) {}

  Header read() {
    Header header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr" && !has_type) header.type = word(), has_type = true;
      else if (key == "fortran_order" && !has_order) header.fortran_order = truth(), has_order = true;
      else if (key == "shape" && !has_shape) header.shape = sizes(), has_shape = true;
      else refuse("the header has an unknown key, or one twice");
      if (take('}')) break;
      expect(',');
    }
    if (!text_.empty() && skip() != '\0') refuse("the header goes on after its end");
    if (!has_type || !has_order || !has_shape) refuse("the header lacks descr, fortran_order or shape");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw Error(ErrorCode::kCorruptData, origin_ + ": " + what); }
  /// The next character that is no blank; 0 at the end.
  char skip() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(char c) {
    if (skip() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(std::string("the header has no '") + c + "' where one belongs");
  }
  std::string word() {
    const char quote = skip();
    if (quote != '\'' && quote != '"') refuse("the header holds something else than text");  // a list: a structured type
    text_.remove_prefix(1);
    const std::size_t end = text_.find(quote);
    if (end == std::string_view::npos) refuse("the header's text does not end");
    const std::string found(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return found;
  }
  bool truth() {
    skip();
    for (const auto& [name, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (text_.starts_with(name)) {
        text_.remove_prefix(name.size());
        return value;
      }
    refuse("fortran_order is not True or False");
  }
  std::vector<std::int64_t> sizes() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!take(')')) {
      skip();
      std::int32_t size = -1;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0 || shape.size() == kDimensionLimit) refuse("shape is not a list of at most 32 sizes, each below 2^31");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      shape.push_back(size);
      if (take(')')) break;
      expect(',');
    }
    return shape;
  }

  std::string_view text_;
  std::string origin_;
};

/// Values whose first index is the fastest, in an order whose last index is.
std::vector<float> row_major(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  std::vector<float> turned(values.size());
  std::vector<std::size_t> stride(shape.size(), 1), index(shape.size(), 0);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * static_cast<std::size_t>(shape[d - 1]);
  std::size_t from = 0;
  for (float& value : turned) {
    value = values[from];
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += stride[d];
      if (++index[d] < static_cast<std::size_t>(shape[d])) break;
      from -= stride[d] * index[d];
      index[d] = 0;
    }
  }
  return turned;
}

}  // namespace

std::string encode_npy(const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
  require(element_count(shape) == static_cast<std::int64_t>(values.size()), ErrorCode::kUsage, "values do not fill the shape");
  std::string sizes;
  for (const std::int64_t size : shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
  if (shape.size() == 1) sizes += ",";
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + sizes + "), }";
  const std::size_t before = kMagic.size() + 4;
  header.append(kAlignment - (before + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  require(header.size() <= std::numeric_limits<std::uint16_t>::max(), ErrorCode::kUsage, "a shape of too many sizes");
  std::string bytes(kMagic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return bytes;
}

NpyArray parse_npy(std::string_view bytes, const std::string& origin) {
  const auto refuse = [&](const std::string& what) { throw Error(ErrorCode::kCorruptData, origin + ": " + what); };
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 6) refuse("does not begin as a .npy file");
  const auto byte = [&](std::size_t n) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[n])); };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3 || byte(7) != 0) refuse("is of a .npy version that is not known");
  const std::size_t begin = version == 1 ? 10 : 12;
  const std::size_t length = byte(8) | byte(9) << 8 | (version == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > kHeaderLimit || length > bytes.size() - begin) refuse("the header promises " + std::to_string(length) + " bytes, the file has " + std::to_string(bytes.size()));
  const Header header = HeaderReader(bytes.substr(begin, length), origin).read();
  require(header.type == "<f4", ErrorCode::kUnsupported, origin + ": is of type \"" + header.type.substr(0, 16) + "\"; only \"<f4\" is read: save values.astype(\"float32\")");
  const std::string_view data = bytes.substr(begin + length);
  std::uint64_t count = 1;
  for (const std::int64_t size : header.shape) {
    if (size != 0 && count > (1ULL << 40) / static_cast<std::uint64_t>(size)) refuse("shape is too large");
    count *= static_cast<std::uint64_t>(size);
  }
  if (count * sizeof(float) != data.size()) refuse("shape needs " + std::to_string(count * sizeof(float)) + " bytes, the file holds " + std::to_string(data.size()));
  NpyArray array{header.shape, std::vector<float>(count)};
  if (count > 0) std::memcpy(array.values.data(), data.data(), data.size());
  if (header.fortran_order && header.shape.size() > 1) array.values = row_major(array.values, array.shape);
  return array;
}

}  // namespace consilium
