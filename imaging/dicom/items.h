#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

namespace consilium::imaging {

// Sequences. Only for imaging/dicom/*.cpp. Items belong to the data set that they come from.

/// Items of a sequence; none when it is absent.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence);
/// Its first item, or null. `item` may be null.
DcmItem* first_item_of(DcmItem* item, const DcmTagKey& sequence);
/// A new item at the end.
DcmItem& add_item(DcmItem& item, const DcmTagKey& sequence);

}  // namespace consilium::imaging
