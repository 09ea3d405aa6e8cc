#include "imaging/itk/read_itk_image.h"

#include <itkMetaImageIO.h>
#include <itkNrrdImageIO.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/files.h"

namespace consilium::imaging {
namespace {

using Io = itk::ImageIOBase;

Io::Pointer io_for(const fs::path& file) {
  const std::string ending = file.extension().string();
  if (ending == ".nrrd" || ending == ".nhdr") return itk::NrrdImageIO::New().GetPointer();
  return itk::MetaImageIO::New().GetPointer();
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// What the text header says of where the voxels are.
struct Storage {
  fs::path voxels;
  bool is_packed = false;
};

/// Value behind "key: " or "key = ", trimmed; empty when the line has another key.
std::string value_of(const std::string& line, std::string_view key) {
  if (!lower(line).starts_with(key)) return "";
  std::string value = line.substr(key.size());
  const auto is_filling = [](unsigned char c) { return std::isspace(c) != 0 || c == ':' || c == '='; };
  value.erase(value.begin(), std::find_if_not(value.begin(), value.end(), is_filling));
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0) value.pop_back();
  return value;
}

Storage storage_of(const fs::path& file) {
  constexpr int kMostLines = 1000;
  Storage storage{file};
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  for (int n = 0; n < kMostLines && std::getline(stream, line) && line.size() < 4096 && line != "\r" && !line.empty(); ++n) {
    std::string other;
    for (const char* key : {"data file", "datafile", "elementdatafile"})
      if (other.empty()) other = value_of(line, key);
    if (const std::string packing = lower(value_of(line, "encoding")); !packing.empty()) storage.is_packed = packing != "raw";
    if (lower(value_of(line, "compresseddata")) == "true") storage.is_packed = true;
    if (other.empty() || lower(other) == "local") continue;
    require(lower(other) != "list" && other.find_first_of("%[ ") == std::string::npos, ErrorCode::kUnsupported,
            file.string() + ": voxels in several files are not read");
    storage.voxels = file.parent_path() / other;
  }
  return storage;
}

void check_room(const fs::path& file, std::uint64_t needed) {
  constexpr std::uint64_t kBestRatio = 1032;  // of deflate; text takes more bytes than voxels
  const Storage storage = storage_of(file);
  std::error_code status;
  const std::uint64_t length = fs::file_size(storage.voxels, status);
  require(!status, ErrorCode::kNotFound, file.string() + ": the file that holds its voxels is missing");
  require(needed / (storage.is_packed ? kBestRatio : 1) <= length, ErrorCode::kCorruptData,
          file.string() + ": the header promises " + std::to_string(needed) + " bytes of voxels, the file has " + std::to_string(length));
}

Geometry geometry_of(const Io& io, const fs::path& file) {
  Geometry g;
  const unsigned dimensions = std::min(3U, io.GetNumberOfDimensions());
  g.size = {1, 1, 1};
  for (unsigned c = 0; c < dimensions; ++c) {
    g.size[c] = io.GetDimensions(c);
    g.spacing_mm[c] = std::abs(io.GetSpacing(c));
    g.origin_mm[c] = io.GetOrigin(c);
    const std::vector<double> axis = io.GetDirection(c);
    for (unsigned r = 0; r < 3; ++r) g.direction[r][c] = r < axis.size() && r < dimensions ? axis[r] : (r == c ? 1 : 0);
  }
  try {
    validate(g);
  } catch (const Error& error) {  // the file's name belongs to the message
    throw Error(ErrorCode::kUnsupported, file.string() + ": " + error.what());
  }
  return g;
}

template <typename T>
void spread(const std::vector<char>& bytes, std::size_t components, std::vector<Volume>& volumes) {
  const std::size_t voxels = volumes.front().voxels.size();
  for (std::size_t v = 0; v < volumes.size(); ++v)
    for (std::size_t n = 0; n < voxels; ++n) {
      T value;
      // Components stand voxel by voxel, times one after the other.
      const std::size_t time = v / components, component = v % components;
      std::memcpy(&value, bytes.data() + ((time * voxels + n) * components + component) * sizeof(T), sizeof(T));
      volumes[v].voxels[n] = static_cast<float>(value);
    }
}

void convert(Io::IOComponentType type, const std::vector<char>& bytes, std::size_t components, std::vector<Volume>& volumes) {
  switch (type) {
    case Io::IOComponentType::UCHAR: return spread<unsigned char>(bytes, components, volumes);
    case Io::IOComponentType::CHAR: return spread<signed char>(bytes, components, volumes);
    case Io::IOComponentType::USHORT: return spread<unsigned short>(bytes, components, volumes);
    case Io::IOComponentType::SHORT: return spread<short>(bytes, components, volumes);
    case Io::IOComponentType::UINT: return spread<unsigned>(bytes, components, volumes);
    case Io::IOComponentType::INT: return spread<int>(bytes, components, volumes);
    case Io::IOComponentType::ULONG: return spread<unsigned long>(bytes, components, volumes);
    case Io::IOComponentType::LONG: return spread<long>(bytes, components, volumes);
    case Io::IOComponentType::ULONGLONG: return spread<unsigned long long>(bytes, components, volumes);
    case Io::IOComponentType::LONGLONG: return spread<long long>(bytes, components, volumes);
    case Io::IOComponentType::FLOAT: return spread<float>(bytes, components, volumes);
    case Io::IOComponentType::DOUBLE: return spread<double>(bytes, components, volumes);
    default: throw Error(ErrorCode::kUnsupported, "voxels of type " + Io::GetComponentTypeAsString(type) + " are not read");
  }
}

std::uint64_t bytes_promised(const Io& io, const fs::path& file) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  std::uint64_t bytes = std::uint64_t{io.GetComponentSize()} * io.GetNumberOfComponents();
  for (unsigned c = 0; c < io.GetNumberOfDimensions(); ++c) {
    const std::uint64_t size = io.GetDimensions(c);
    require(bytes > 0 && size > 0 && size <= kMost / bytes, ErrorCode::kCorruptData,
            file.string() + ": promises no voxels, or more than any file can hold");
    bytes *= size;
  }
  return bytes;
}

void check_kind(const Io& io, const fs::path& file) {
  const auto type = io.GetPixelType();
  require(type == itk::IOPixelEnum::SCALAR || type == itk::IOPixelEnum::VECTOR || type == itk::IOPixelEnum::COVARIANTVECTOR ||
              type == itk::IOPixelEnum::POINT || type == itk::IOPixelEnum::OFFSET || type == itk::IOPixelEnum::ARRAY ||
              type == itk::IOPixelEnum::FIXEDARRAY || type == itk::IOPixelEnum::VARIABLELENGTHVECTOR,
          ErrorCode::kUnsupported, file.string() + ": voxels of kind " + Io::GetPixelTypeAsString(type) + " are not read");
  const unsigned dimensions = io.GetNumberOfDimensions();
  require(dimensions >= 2 && dimensions <= 4, ErrorCode::kUnsupported,
          file.string() + ": has " + std::to_string(dimensions) + " dimensions; 2 to 4 are read");
}

}  // namespace

ImageFile read_itk_image(const fs::path& file) {
  require_file(file);
  try {
    const Io::Pointer io = io_for(file);
    require(io->CanReadFile(file.c_str()), ErrorCode::kCorruptData, file.string() + ": is not what its name says");
    io->SetFileName(file.string());
    io->ReadImageInformation();
    check_kind(*io, file);
    const std::uint64_t needed = bytes_promised(*io, file);
    check_room(file, needed);
    std::vector<char> bytes(needed);
    itk::ImageIORegion all(io->GetNumberOfDimensions());
    for (unsigned c = 0; c < io->GetNumberOfDimensions(); ++c) all.SetSize(c, io->GetDimensions(c));
    io->SetIORegion(all);
    io->Read(bytes.data());
    const std::size_t components = std::max(1U, io->GetNumberOfComponents());
    const std::size_t times = io->GetNumberOfDimensions() > 3 ? io->GetDimensions(3) : 1;
    Volume empty{geometry_of(*io, file), {}};
    empty.voxels.resize(voxel_count(empty.geometry));
    ImageFile image{std::vector<Volume>(times * components, empty), {}, {}};
    convert(io->GetComponentType(), bytes, components, image.volumes);
    const bool is_small = io->GetComponentSize() < 2 || io->GetComponentType() == Io::IOComponentType::SHORT;
    if (is_small) image.integers = NiftiScaling{};
    return image;
  } catch (const itk::ExceptionObject& error) {
    throw Error(ErrorCode::kCorruptData, file.string() + ": cannot be read (" + error.GetDescription() + ")");
  }
}

}  // namespace consilium::imaging
