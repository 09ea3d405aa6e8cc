#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_value.h"

namespace consilium {

using Json = nlohmann::json;

/// Brackets within brackets that are still read: copying and printing JSON recurses.
inline constexpr int kJsonDepth = 64;

/// Parses JSON text. A key that occurs twice in one object is refused: which of the two was meant is not for us to guess.
/// @throws Error{code} naming `origin`, the line and what was expected, the key that occurs twice, or nesting deeper than kJsonDepth.
Json parse_json(std::string_view text, const std::string& origin, ErrorCode code = ErrorCode::kUsage);

/// Reads a JSON file of at most 64 MiB. @throws Error{kNotFound}, Error{kUsage}
Json read_json(const std::filesystem::path& path);

/// Reads the fields of one JSON object into an options struct, and refuses keys that nobody asked for.
///
///   SettingsReader reader(json, "train");       // "train" is the path used in messages
///   reader.field("steps", options.steps);       // optional: the struct's default stays when absent
///   reader.required("data", options.data);
///   reader.object("model", [&](SettingsReader& model) { model.field("levels", options.model.levels); });
///   reader.finish();                            // unknown key -> Error{kUsage} naming the nearest known one
class SettingsReader {
 public:
  /// @throws Error{kUsage} `json` is not an object.
  SettingsReader(const Json& json, std::string path);

  bool has(const std::string& key) const { return json_.contains(key); }
  const std::string& path() const { return path_; }

  template <typename T>
  void field(const std::string& key, T& target) {
    if (const Json* value = find(key)) target = json_value<T>(*value, path_ + "." + key);
  }
  template <typename T>
  void required(const std::string& key, T& target) {
    need(key);
    field(key, target);
  }
  /// A word out of a fixed list.
  template <typename E>
  void choice(const std::string& key, E& target, const std::vector<std::pair<std::string, E>>& words) {
    std::string word;
    field(key, word);
    if (!has(key)) return;
    std::vector<std::string> known;
    for (const auto& [name, value] : words) {
      if (name == word) {
        target = value;
        return;
      }
      known.push_back(name);
    }
    refuse_word(key, word, known);
  }
  void object(const std::string& key, const std::function<void(SettingsReader&)>& read);
  /// A list of objects, each read by `read` with its own reader.
  void list(const std::string& key, const std::function<void(SettingsReader&)>& read);
  /// Any JSON, unread.
  void raw(const std::string& key, Json& target);
  void finish() const;

 private:
  const Json* find(const std::string& key);
  void need(const std::string& key);
  [[noreturn]] void refuse_word(const std::string& key, const std::string& word, const std::vector<std::string>& known) const;

  const Json& json_;
  std::string path_;
  std::vector<std::string> known_;
};

/// The entry of `known` that begins with `word` or has the smallest edit distance to it; empty if none is close.
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

}  // namespace consilium
