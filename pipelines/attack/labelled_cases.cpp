#include "pipelines/attack/labelled_cases.h"

#include "base/error.h"
#include "base/stop.h"

namespace consilium::pipelines {

std::vector<PreparedCase> read_labelled_cases(const LabelledFolder& source, const TrainingSettings& settings, const std::string& split, const std::atomic<bool>* stop) {
  std::vector<PreparedCase> chosen;
  for (PreparedCase& c : prepare_site(source.folder, settings, {imaging::label_scheme(source.scheme)}, {}, [&](const std::string&) { throw_if_stopped(stop); })) {
    if (!split.empty() && c.split != split) continue;
    require(c.reference.has_value(), ErrorCode::kNotFound, source.folder.string() + ": case " + c.name + " has no labels");
    chosen.push_back(std::move(c));
  }
  require(!chosen.empty(), ErrorCode::kNotFound, source.folder.string() + ": holds no case in a folder named \"" + split + "\"");
  return chosen;
}

}  // namespace consilium::pipelines
