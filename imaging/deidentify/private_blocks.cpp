#include "imaging/deidentify/private_blocks.h"

#include <set>

#include "imaging/deidentify/elements.h"
#include "imaging/deidentify/safe_private.h"

namespace consilium::imaging {
namespace {

bool is_safe(DcmItem& item, DcmElement& element, const Identity& identity) {
  const DcmTagKey key = element.getTag().getXTag();
  if (key.getElement() < 0x1000 || is_sequence(element)) return false;
  const auto block = static_cast<std::uint16_t>(key.getElement() >> 8);
  const std::string creator = raw_value(item, DcmTagKey(key.getGroup(), block));
  if (!is_safe_private(static_cast<std::uint32_t>(key.getGroup()) << 16 | (key.getElement() & 0xFFU), creator)) return false;
  const std::string text = raw_value(element);
  return without_identity(text, identity) == text;
}

}  // namespace

PrivateCounts protect_private(DcmItem& item, bool keep_safe, const Identity& identity) {
  PrivateCounts counts;
  std::set<DcmTagKey> needed;  // creators of what stays
  std::vector<DcmElement*> unsafe;
  for (DcmElement* element : elements_of(item)) {
    const DcmTagKey key = element->getTag().getXTag();
    if (!is_private_group(key.getGroup())) continue;
    if (keep_safe && is_safe(item, *element, identity)) {
      needed.insert(DcmTagKey(key.getGroup(), static_cast<std::uint16_t>(key.getElement() >> 8)));
      ++counts.kept;
    } else {
      unsafe.push_back(element);
    }
  }
  for (DcmElement* element : unsafe) {
    if (needed.contains(element->getTag().getXTag())) continue;
    remove_element(item, *element);
    ++counts.removed;
  }
  return counts;
}

}  // namespace consilium::imaging
