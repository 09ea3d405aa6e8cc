#include "base/json_value.h"

#include "base/error.h"

namespace consilium {

void refuse_value(const nlohmann::json& value, const std::string& where, const std::string& expected) {
  std::string found = value.type_name();
  if (value.is_number() || value.is_boolean()) found = value.dump();
  if (value.is_array()) found = "a list of " + std::to_string(value.size());
  throw Error(ErrorCode::kUsage, where + ": expected " + expected + ", found " + found);
}

}  // namespace consilium
