#include "models/state/weights_folder.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/settings.h"
#include "models/state/npy.h"

namespace consilium {
namespace {

constexpr const char* kSchema = "consilium.weights/1";
constexpr std::size_t kLongestName = 200;  // file systems take 255 bytes

/// The tensor's name where it is a plain one; a number where it is not, such as "first/a.weight".
std::string file_name(const std::string& name, std::size_t number) {
  const bool plain = !name.empty() && name.size() <= kLongestName && name[0] != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 128 && (std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'); });
  return (plain ? name : "tensor_" + std::to_string(number)) + ".npy";
}

/// A member of weights.json, which people write too. @throws Error{kCorruptData}
std::string text_of(const Json& entry, const char* key, const std::string& origin) {
  require(entry.is_object() && entry.contains(key) && entry[key].is_string(), ErrorCode::kCorruptData, origin + ": a tensor lacks " + key);
  return entry[key].get<std::string>();
}

}  // namespace

void write_weights_folder(const fs::path& folder, const ModelFile& model) {
  const fs::path index = folder / "weights.json";
  require(!fs::exists(index), ErrorCode::kCannotWrite, index.string() + ": is there already; give another folder");
  make_folder(folder);
  Json tensors = Json::array();
  std::set<std::string> used;
  for (std::size_t n = 0; n < model.state.tensors.size(); ++n) {
    const NamedTensor& tensor = model.state.tensors[n];
    const std::string file = file_name(tensor.name, n);
    require(used.insert(file).second, ErrorCode::kUnsupported, "two tensors would be written to " + file);
    write_file(folder / file, encode_npy(tensor.shape, tensor.values));
    tensors.push_back({{"name", tensor.name}, {"group", tensor.group}, {"file", file}});
  }
  // Last: a folder with it is whole.
  write_file(index, Json{{"schema", kSchema}, {"metadata", model.metadata}, {"tensors", tensors}}.dump(1) + "\n");
}

ModelFile read_weights_folder(const fs::path& folder) {
  const std::string origin = (folder / "weights.json").string();
  const Json json = parse_json(read_file(origin, 64 << 20), origin, ErrorCode::kCorruptData);
  require(json.is_object() && json.value("schema", Json()) == kSchema, ErrorCode::kCorruptData, origin + ": its schema is not \"" + kSchema + "\"");
  ModelFile model;
  const Json metadata = json.value("metadata", Json::object()), tensors = json.value("tensors", Json());
  require(metadata.is_object() && std::all_of(metadata.begin(), metadata.end(), [](const Json& value) { return value.is_string(); }), ErrorCode::kCorruptData, origin + ": metadata is not an object of texts");
  for (const auto& item : metadata.items()) model.metadata[item.key()] = item.value().get<std::string>();
  require(tensors.is_array(), ErrorCode::kCorruptData, origin + ": tensors is not a list");
  std::set<std::string> names;
  for (const Json& entry : tensors) {
    NamedTensor tensor{text_of(entry, "name", origin), text_of(entry, "group", origin), {}, {}};
    const std::string file = text_of(entry, "file", origin);
    require(fs::path(file).filename() == file && file.ends_with(".npy"), ErrorCode::kCorruptData, origin + ": \"" + file + "\" is not the name of a .npy file in this folder");
    require(names.insert(tensor.name).second, ErrorCode::kCorruptData, origin + ": tensor \"" + tensor.name + "\" occurs twice");
    const std::string path = (folder / file).string();
    NpyArray array = parse_npy(read_file(path, 1ULL << 36), path);
    tensor.shape = std::move(array.shape);
    tensor.values = std::move(array.values);
    model.state.tensors.push_back(std::move(tensor));
  }
  std::sort(model.state.tensors.begin(), model.state.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return model;
}

}  // namespace consilium
