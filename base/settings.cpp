#include "base/settings.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/files.h"

namespace consilium {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// nlohmann's text without its own prefix.
std::string reason(const Json::exception& error) {
  const std::string text = error.what();
  const auto bracket = text.find("] ");
  return bracket == std::string::npos ? text : text.substr(bracket + 2);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& origin, ErrorCode code) {
  std::vector<std::set<std::string>> keys_of_open_objects;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= kJsonDepth) throw Error(code, origin + " is nested deeper than " + std::to_string(kJsonDepth) + " brackets");
    if (event == Json::parse_event_t::object_start) keys_of_open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_of_open_objects.pop_back();
    if (event == Json::parse_event_t::key && !keys_of_open_objects.back().insert(parsed.get<std::string>()).second)
      throw Error(code, origin + ": the key \"" + parsed.get<std::string>() + "\" occurs twice");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::exception& error) {
    throw Error(code, origin + " is not valid JSON: " + reason(error));
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path, 64ULL << 20), path.string()); }

SettingsReader::SettingsReader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
  require(json.is_object(), ErrorCode::kUsage, path_ + ": expected a JSON object, found " + json.type_name());
}

void SettingsReader::object(const std::string& key, const std::function<void(SettingsReader&)>& read) {
  const Json* value = find(key);
  if (value == nullptr) return;
  SettingsReader reader(*value, path_ + "." + key);
  read(reader);
  reader.finish();
}

void SettingsReader::list(const std::string& key, const std::function<void(SettingsReader&)>& read) {
  const Json* value = find(key);
  if (value == nullptr) return;
  require(value->is_array(), ErrorCode::kUsage, path_ + "." + key + ": expected a list, found " + value->type_name());
  for (std::size_t i = 0; i < value->size(); ++i) {
    SettingsReader reader((*value)[i], path_ + "." + key + "[" + std::to_string(i) + "]");
    read(reader);
    reader.finish();
  }
}

void SettingsReader::raw(const std::string& key, Json& target) {
  if (const Json* value = find(key)) target = *value;
}

void SettingsReader::finish() const {
  for (const auto& item : json_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    const std::string near = nearest_word(item.key(), known_);
    throw Error(ErrorCode::kUsage, path_ + ": unknown key \"" + item.key() + "\"" +
                                       (near.empty() ? "; known keys: " + joined(known_) : "; did you mean \"" + near + "\"?"));
  }
}

const Json* SettingsReader::find(const std::string& key) {
  known_.push_back(key);
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

void SettingsReader::need(const std::string& key) {
  require(json_.contains(key), ErrorCode::kUsage, path_ + ": the key \"" + key + "\" is missing");
}

void SettingsReader::refuse_word(const std::string& key, const std::string& word, const std::vector<std::string>& known) const {
  const std::string near = nearest_word(word, known);
  throw Error(ErrorCode::kUsage, path_ + "." + key + ": unknown value \"" + word + "\"" +
                                     (near.empty() ? "" : "; did you mean \"" + near + "\"?") + " Known: " + joined(known));
}

std::string nearest_word(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const auto& candidate : known) {
    // "deadline" for "deadline_seconds": a word that was left unfinished is as near as one letter.
    const bool unfinished = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t distance = unfinished ? std::min<std::size_t>(1, candidate.size() - word.size()) : edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace consilium
