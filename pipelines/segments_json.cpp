#include "pipelines/segments_json.h"

#include "imaging/structure_terms.h"

namespace consilium::pipelines {
namespace {

using imaging::CodedTerm;
using imaging::Segment;

const char* const kSchema = "consilium.segments/1";

void put_term(Json& json, const char* key, const CodedTerm& term) {
  if (term.is_set()) json[key] = {{"value", term.value}, {"scheme", term.scheme}, {"meaning", term.meaning}};
}

void read_term(SettingsReader& reader, const char* key, CodedTerm& term) {
  reader.object(key, [&](SettingsReader& r) {
    r.required("value", term.value);
    r.required("scheme", term.scheme);
    r.required("meaning", term.meaning);
  });
}

Segment named_structure(const std::string& name, const std::string& path) {
  const auto known = imaging::find_structure(name);
  if (known) return *known;
  std::string names;
  for (const std::string_view one : imaging::structure_names()) names += (names.empty() ? "" : ", ") + std::string(one);
  throw Error(ErrorCode::kUsage, path + ": no structure is called \"" + name + "\"; known are " + names);
}

DescribedSegment read_segment(SettingsReader& reader) {
  DescribedSegment one;
  Segment& s = one.segment;
  std::string structure;
  reader.field("structure", structure);
  if (!structure.empty()) s = named_structure(structure, reader.path());
  int label = 0;
  reader.required("label", label);
  require(label >= 1 && label <= 255, ErrorCode::kUsage, reader.path() + ".label: expected 1 to 255, found " + std::to_string(label));
  s.label = static_cast<Label>(label);
  reader.field("number", s.number);
  reader.field("file", one.file);
  reader.field("name", s.name);
  reader.field("description", s.description);
  reader.choice("algorithm_type", s.algorithm_type,
                {{"MANUAL", std::string("MANUAL")}, {"SEMIAUTOMATIC", std::string("SEMIAUTOMATIC")}, {"AUTOMATIC", std::string("AUTOMATIC")}});
  reader.field("algorithm_name", s.algorithm_name);
  read_term(reader, "category", s.category);
  read_term(reader, "type", s.type);
  read_term(reader, "modifier", s.modifier);
  read_term(reader, "region", s.region);
  read_term(reader, "region_modifier", s.region_modifier);
  std::vector<int> rgb;
  reader.field("rgb", rgb);
  if (!rgb.empty()) {
    require(rgb.size() == 3, ErrorCode::kUsage, reader.path() + ".rgb: expected three numbers");
    s.rgb.emplace();
    for (std::size_t n = 0; n < 3; ++n) {
      require(rgb[n] >= 0 && rgb[n] <= 255, ErrorCode::kUsage, reader.path() + ".rgb: expected numbers from 0 to 255");
      (*s.rgb)[n] = static_cast<std::uint8_t>(rgb[n]);
    }
  }
  return one;
}

}  // namespace

Json to_json(const SegmentsDescription& description) {
  Json segments = Json::array();
  for (const auto& [s, file] : description.segments) {
    Json json{{"label", s.label}, {"number", s.number}, {"name", s.name}, {"file", file}, {"algorithm_type", s.algorithm_type}};
    if (!s.description.empty()) json["description"] = s.description;
    if (!s.algorithm_name.empty()) json["algorithm_name"] = s.algorithm_name;
    put_term(json, "category", s.category);
    put_term(json, "type", s.type);
    put_term(json, "modifier", s.modifier);
    put_term(json, "region", s.region);
    put_term(json, "region_modifier", s.region_modifier);
    if (s.rgb) json["rgb"] = *s.rgb;
    segments.push_back(std::move(json));
  }
  return {{"schema", kSchema}, {"kind", description.kind}, {"segments", segments}, {"notes", description.notes}};
}

SegmentsDescription parse_segments(const Json& json, const std::string& origin) {
  SegmentsDescription description;
  SettingsReader reader(json, origin);
  std::string schema;
  reader.required("schema", schema);
  require(schema == kSchema, ErrorCode::kUsage, origin + ".schema: expected " + kSchema + ", found " + schema);
  reader.field("kind", description.kind);
  reader.field("notes", description.notes);
  reader.list("segments", [&](SettingsReader& one) { description.segments.push_back(read_segment(one)); });
  reader.finish();
  require(!description.segments.empty(), ErrorCode::kUsage, origin + ".segments: expected at least one");
  return description;
}

}  // namespace consilium::pipelines
