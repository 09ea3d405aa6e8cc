#include <fmt/format.h>

#include <cctype>
#include <map>

#include "imaging/dicom/classify.h"
#include "pipelines/convert_scans.h"
#include "pipelines/naming_presets.h"

namespace consilium::pipelines {
namespace {

/// FNV-1a: the same letters for a series on every machine.
std::string short_hash(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ hash >> 32));
}

/// Letters, digits and a few signs; anything else, '/' and the bytes of other scripts included, becomes '_'. No name is hidden or
/// leads elsewhere.
std::string safe(const std::string& text) {
  constexpr std::size_t kLongestName = 120;
  std::string name;
  for (const char c : text) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    const char safe_c = (ascii && std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '-' || c == '+' || c == '.' ? c : '_';
    if (safe_c != '_' || (!name.empty() && name.back() != '_')) name += safe_c;
  }
  while (!name.empty() && (name.front() == '.' || name.front() == '_')) name.erase(0, 1);
  name.resize(std::min(name.size(), kLongestName));
  while (!name.empty() && (name.back() == '.' || name.back() == '_')) name.pop_back();
  return name;
}

std::map<std::string, std::string> values_of(const imaging::Series& series, const ScanLabels& labels) {
  const imaging::DicomHeader& h = series.header();
  const std::string channel = imaging::classify(series).channel;
  return {{"number", std::to_string(h.series_number)},
          {"class", channel.empty() ? "unknown" : channel},
          {"description", h.series_description.empty() ? h.protocol_name : h.series_description},
          {"protocol", h.protocol_name},
          {"modality", h.modality},
          {"echo", h.te_ms ? fmt::format("{:g}", *h.te_ms) : ""},
          {"volume", series.volume > 0 ? fmt::format("{:03}", series.volume) : ""},
          {"series", short_hash(h.series_uid)},
          {"subject", labels.subject},
          {"session", labels.session}};
}

/// The pattern with its words replaced; a '/' of a value is none.
std::string filled(const std::string& pattern, const std::map<std::string, std::string>& values) {
  std::string name;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t open = std::min(pattern.find('{', at), pattern.size());
    name += pattern.substr(at, open - at);
    if (open == pattern.size()) break;
    const std::size_t close = pattern.find('}', open);
    require(close != std::string::npos, ErrorCode::kUsage, "name \"" + pattern + "\": '{' without '}'");
    const std::string word = pattern.substr(open + 1, close - open - 1);
    const auto value = values.find(word);
    if (value == values.end()) {
      std::vector<std::string> known;
      for (const auto& [key, text] : values) known.push_back(key);
      const std::string nearest = nearest_word(word, known);
      throw Error(
          ErrorCode::kUsage,
          fmt::format(
              "name \"{}\": unknown {{{}}}{}; known are {{number}} {{class}} {{description}} {{protocol}} {{modality}} {{echo}} "
              "{{volume}} {{series}} {{subject}} {{session}}, and the presets bids, nnunet and brats",
              pattern, word, nearest.empty() ? "" : "; did you mean {" + nearest + "}?"));
    }
    name += safe(value->second);
    at = close + 1;
  }
  return name;
}

/// Each folder's name and the file's made safe: nothing leads elsewhere.
std::string safe_path(const std::string& path) {
  std::string result;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (const std::string part = safe(path.substr(start, end - start)); !part.empty()) result += (result.empty() ? "" : "/") + part;
    start = end + 1;
  }
  return result.empty() ? "series" : result;
}

}  // namespace

std::optional<std::string> series_file_name(const imaging::Series& series, const std::string& pattern, const ScanLabels& labels) {
  const bool is_preset = is_naming_preset(pattern);
  const auto chosen = is_preset ? preset_template(pattern, series) : std::optional(pattern);
  if (!chosen) return std::nullopt;
  return safe_path(filled(*chosen, values_of(series, labels)));
}

}  // namespace consilium::pipelines
