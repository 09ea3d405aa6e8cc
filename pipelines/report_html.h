#pragma once

#include <string>
#include <string_view>

namespace consilium::pipelines {

/// Text that came from a file, safe inside an element and inside a quoted attribute. Control characters vanish, bytes that are no
/// UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

std::string base64(std::string_view bytes);

/// "0.812", "−0.050", "–" when there is no number.
std::string number(double value, int decimals);
/// Three decimals with a sign: "+0.012", "−0.012", "0.000".
std::string signed_number(double value);
/// "0.031", "< 0.001".
std::string p_text(double p);
/// "1 case", "3 cases".
std::string counted(std::size_t count, std::string_view thing);

/// "<td class=...>" and the like: an element around content that is already HTML; `attributes` as written, may be empty.
std::string element(std::string_view name, std::string_view attributes, std::string_view content);

}  // namespace consilium::pipelines
