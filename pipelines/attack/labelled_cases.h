#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/dataset.h"

namespace consilium::pipelines {

/// Cases of a folder with their labels, as a model's settings want them: what an attack on a model is measured on.
struct LabelledFolder {
  std::filesystem::path folder;
  std::string scheme = "brats2023";  ///< of the labels
};

/// The cases of "train", "test" or any other split; `split` empty: all. @throws as prepare_site; Error{kNotFound} no case of that split, or one without labels.
std::vector<PreparedCase> read_labelled_cases(const LabelledFolder& source, const TrainingSettings& settings, const std::string& split, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
