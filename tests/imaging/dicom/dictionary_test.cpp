#include "imaging/dicom/dictionary.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace consilium::imaging {
namespace {

std::string text(const char* word) { return word == nullptr ? "(none)" : word; }

bool is_same(const DcmDictEntry& a, const DcmDictEntry& b) {
  return a.getKey() == b.getKey() && a.getUpperKey() == b.getUpperKey() && a.getEVR() == b.getEVR() && text(a.getTagName()) == text(b.getTagName()) && a.getVMMin() == b.getVMMin() && a.getVMMax() == b.getVMMax() &&
         text(a.getPrivateCreator()) == text(b.getPrivateCreator()) && a.getGroupRangeRestriction() == b.getGroupRangeRestriction() && a.getElementRangeRestriction() == b.getElementRangeRestriction();
}

TEST(Dictionary, HoldsWhatDcmtkReadsFromItsText) {
  load_dictionary();
  EXPECT_EQ(std::getenv("DCMDICTPATH"), nullptr) << "programs that are started from here read what they always read";
  DcmDataDictionary& ours = dcmDataDict.wrlock();
  DcmDataDictionary theirs(OFFalse, OFTrue);
  ASSERT_GT(theirs.numberOfEntries(), 4000);
  EXPECT_EQ(ours.numberOfNormalTagEntries(), theirs.numberOfNormalTagEntries());
  EXPECT_EQ(ours.numberOfRepeatingTagEntries(), theirs.numberOfRepeatingTagEntries());
  int differences = 0;
  for (auto entry = theirs.normalBegin(); entry != theirs.normalEnd(); ++entry) {
    const DcmDictEntry* const found = ours.findEntry((*entry)->getKey(), (*entry)->getPrivateCreator());
    if (found == nullptr || !is_same(*found, **entry)) ++differences;
  }
  auto own = ours.repeatingBegin();
  for (auto entry = theirs.repeatingBegin(); entry != theirs.repeatingEnd() && own != ours.repeatingEnd(); ++entry, ++own)
    if (!is_same(**own, **entry)) ++differences;
  EXPECT_EQ(differences, 0);
  dcmDataDict.wrunlock();
}

}  // namespace
}  // namespace consilium::imaging
