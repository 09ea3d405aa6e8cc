#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipelines/report_findings.h"
#include "pipelines/report_pictures.h"

namespace consilium::pipelines {

/// The whole page: one file, no script, no address outside itself.
std::string report_page(const RunResults& results, const Findings& findings, const std::vector<CasePicture>& cases);

/// Style sheet of the page; needs chart_style() before it.
std::string_view page_style();

}  // namespace consilium::pipelines
