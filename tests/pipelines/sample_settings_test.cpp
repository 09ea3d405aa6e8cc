#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/settings.h"
#include "pipelines/simulation_settings.h"

namespace consilium::pipelines {
namespace {

namespace fs = std::filesystem;

const fs::path kSamples = fs::path(CONSILIUM_SOURCE_DIR) / "sample_data";

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(SampleSettings, PresetsAreTrainingSettingsOfNetworksThatTakeWhatIsThere) {
  const auto files = files_in(kSamples / "presets");
  ASSERT_EQ(files.size(), 2U);
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename());
    const Json json = read_json(file);
    EXPECT_EQ(json.at("schema"), "consilium.training/1");
    const TrainingSettings settings = parse_training_settings(json.at("training"), file.filename().string());
    EXPECT_EQ(settings.normalise.missing, Missing::kAbsent);
    EXPECT_EQ(settings.model.multimodal.modalities.size(), settings.normalise.channels.size());
    for (std::size_t n = 0; n < settings.normalise.channels.size(); ++n) EXPECT_EQ(settings.model.multimodal.modalities[n].name, settings.normalise.channels[n]);
  }
}

TEST(SampleSettings, FederationsOfRealDataAreReadable) {
  const auto files = files_in(kSamples / "real");
  EXPECT_GE(files.size(), 3U);
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename());
    EXPECT_EQ(parse_simulation_settings(read_json(file), file.filename().string()).sites.size(), 3U);
  }
}

/// What bench/algorithms_table.py and multimodal_table.py run: a base, changed by a variant and a method (RFC 7386, as simulation_runs.merged).
TEST(SampleSettings, ListsOfMethodsMakeReadableSimulations) {
  std::size_t made = 0;
  for (const fs::path& file : {kSamples / "algorithms.json", kSamples / "multimodal/methods.json", kSamples / "multimodal/sarcoma.json", kSamples / "multimodal/glioma.json"}) {
    const Json list = read_json(file);
    Json base = read_json(file.parent_path() / list.at("base").get<std::string>());
    base.merge_patch(list.value("set", Json::object()));
    for (const Json& variant : list.value("variants", Json{{{"name", ""}, {"set", Json::object()}}}))
      for (const Json& method : list.at(list.contains("methods") ? "methods" : "algorithms")) {
        SCOPED_TRACE(file.filename().string() + " " + variant.at("name").get<std::string>() + " " + method.at("name").get<std::string>());
        Json settings = base;
        settings.merge_patch(variant.at("set"));
        settings.merge_patch(method.at("set"));
        EXPECT_GE(parse_simulation_settings(settings, "merged").sites.size(), 3U);
        ++made;
      }
  }
  EXPECT_GE(made, 21U + 4U + 16U + 6U);
}

}  // namespace
}  // namespace consilium::pipelines
