#include "pipelines/anchor_update.h"

#include "base/error.h"
#include "fl/aggregate/anchors.h"

namespace consilium::pipelines {
namespace {

std::string anchor_of(const std::string& name) { return "anchors." + name; }

}  // namespace

ModelState with_class_means(ModelState trained, const models::FitReport& report) {
  for (const auto& [name, mean] : report.class_means)
    for (NamedTensor& tensor : trained.tensors) {
      if (tensor.group != anchor_of(name) || mean.count == 0) continue;
      require(tensor.values.size() == mean.values.size(), ErrorCode::kMismatch, "the mean feature of class " + name + " has another length than its anchor");
      tensor.values = mean.values;
    }
  return trained;
}

void count_class_means(const models::FitReport& report, std::map<std::string, std::int64_t>& cases) {
  for (auto& [group, count] : cases)
    if (fl::is_anchor(group)) count = 0;
  for (const auto& [name, mean] : report.class_means) cases[anchor_of(name)] = mean.count;
}

}  // namespace consilium::pipelines
