#pragma once

#include "imaging/dicom/seg_write.h"

namespace consilium::tools {

/// Now, as DICOM writes it: local time, as hospitals do.
void put_local_time(imaging::SegWriteOptions& options);

}  // namespace consilium::tools
