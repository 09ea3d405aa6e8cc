#include "imaging/dicom/items.h"

#include "base/error.h"

namespace consilium::imaging {

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence) {
  std::vector<DcmItem*> items;
  DcmSequenceOfItems* found = nullptr;
  if (item.findAndGetSequence(sequence, found).bad() || found == nullptr) return items;
  for (DcmObject* next = found->nextInContainer(nullptr); next != nullptr; next = found->nextInContainer(next))
    if (auto* one = dynamic_cast<DcmItem*>(next)) items.push_back(one);
  return items;
}

DcmItem* first_item_of(DcmItem* item, const DcmTagKey& sequence) {
  DcmItem* found = nullptr;
  if (item == nullptr || item->findAndGetSequenceItem(sequence, found, 0).bad()) return nullptr;
  return found;
}

DcmItem& add_item(DcmItem& item, const DcmTagKey& sequence) {
  constexpr long kAtTheEnd = -2;
  DcmItem* added = nullptr;
  require(item.findOrCreateSequenceItem(sequence, added, kAtTheEnd).good() && added != nullptr, ErrorCode::kUnexpected,
          "DICOM: a sequence could not be made");
  return *added;
}

}  // namespace consilium::imaging
