#pragma once

#include <string>

#include "models/device.h"
#include "tools/verb.h"

namespace consilium::tools {

/// `--device WORD`, for models::find_device.
inline void add_device_option(CLI::App& app, std::string& word) { app.add_option("--device", word, std::string("what computes: ") + models::kDeviceWords)->type_name("DEVICE"); }

}  // namespace consilium::tools
