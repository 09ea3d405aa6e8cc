#pragma once

#include <filesystem>

namespace consilium::pipelines {

/// The file with the model that a federation starts from. Training settings (.json) are handed to `consilium train --initial`, which writes
/// FOLDER/start/initial.safetensors once; a coordinator itself has no LibTorch. Anything else is that file already.
/// @throws Error{kNotFound} the settings, or the program that trains, which is installed apart; Error{kMismatch} the folder was started from other
/// settings; Error with the code of `consilium train`.
std::filesystem::path ready_initial_model(const std::filesystem::path& file, const std::filesystem::path& folder);

}  // namespace consilium::pipelines
