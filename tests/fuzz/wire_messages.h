#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace consilium::fuzz {

/// Every message of every file in fl/proto, nested ones and the entries of maps too: full name and one encoded example with each field set.
struct WireMessage {
  std::string name;
  std::string example;
};
const std::vector<WireMessage>& wire_messages();

/// Parses the bytes as a message of that name, whether this program has a class for it or not, and writes what it understood: a second reading
/// must understand the same.
void read_any_message(std::string_view name, const std::string& encoded);

}  // namespace consilium::fuzz
