#include "tools/train_settings.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/federation_settings.h"
#include "imaging/label_scheme.h"
#include "pipelines/annotation.h"

namespace consilium::tools {

TrainSettings parse_train_settings(const Json& json, const std::string& origin, const std::filesystem::path& base) {
  TrainSettings settings;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.training/1";
  reader.field("schema", schema);
  require(schema == "consilium.training/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.training/1\", found \"" + schema + "\"");
  reader.list("sites", [&](SettingsReader& item) {
    pipelines::SimulatedSite site;
    item.required("name", site.name);
    item.required("folder", site.folder);
    item.field("scheme", site.scheme);
    item.field("files", site.files);
    item.field("annotated", site.annotated);
    item.finish();
    imaging::label_scheme(site.scheme);
    pipelines::validate_annotated(site.annotated, item.path() + ".annotated");
    site.folder = resolved(base, site.folder.empty() ? "." : site.folder);  // required: an empty one is the settings' own folder
    settings.sites.push_back(site);
  });
  reader.object("training", [&](SettingsReader& training) { pipelines::read_training_settings(training, settings.training); });
  reader.finish();
  require(!pipelines::is_private(settings.training.privacy), ErrorCode::kUnsupported, origin + ".training.privacy: differential privacy is for a federation's sites (consilium join, consilium simulate); a model that is trained here has none");
  std::vector<std::string> names;
  for (const auto& site : settings.sites) names.push_back(site.name);
  if (!names.empty()) fl::validate_site_names(names, origin + ".sites");
  return settings;
}

}  // namespace consilium::tools
