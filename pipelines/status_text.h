#pragma once

#include <string>

#include "fl/event.h"
#include "fl/run_status.h"

namespace consilium::pipelines {

/// How a run stands, for a terminal: one line on the run, its sites as a table, the last rounds as a timeline, then the warnings.
/// `now` in seconds since 1970; `width` in columns.
std::string status_text(const fl::RunStatus& status, double now, int width = 100);

/// One event as one line, for a log or a terminal that cannot redraw.
std::string event_text(const fl::Event& event);

/// "3.2 MB"; units of 1000.
std::string format_bytes(double bytes);

}  // namespace consilium::pipelines
