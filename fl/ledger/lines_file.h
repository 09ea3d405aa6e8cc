#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace consilium::fl {

/// The whole lines of a file that only grows; of one that is absent, none. What a kill left of a last line is passed over.
std::vector<std::string> read_lines(const std::filesystem::path& file);

/// Adds a line, and returns when it is on the disk. @throws Error{kCannotWrite}
void append_line(const std::filesystem::path& file, const std::string& line);

}  // namespace consilium::fl
