#pragma once

#include <string>

#include "base/settings.h"
#include "fl/enrol/registry.h"

namespace consilium::fl {

/// registry.json (docs/formats.md). @throws Error{kUsage} or, for a time, Error{kCorruptData}: both name `origin` and the key.
Registry parse_registry(const Json& json, const std::string& origin);
Json to_json(const Registry& registry);

}  // namespace consilium::fl
