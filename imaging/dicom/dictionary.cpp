#include "imaging/dicom/dictionary.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <cstdlib>
#include <mutex>

namespace consilium::imaging {
namespace {

struct Row {
  Uint16 group, element, last_group, last_element;
  int vr;  ///< DcmEVR
  const char* name;
  int least_values, most_values;
  const char* version;
  const char* creator;
  int groups, elements;  ///< DcmDictRangeRestriction
};

constexpr Row kRows[] = {
#include "dictionary_rows.inc"
};

constexpr const char* kPath = "DCMDICTPATH";

void add_rows(DcmDataDictionary& dictionary) {
  for (const Row& row : kRows) {
    auto* entry = new DcmDictEntry(row.group, row.element, row.last_group, row.last_element, DcmVR(static_cast<DcmEVR>(row.vr)), row.name, row.least_values, row.most_values, row.version, OFFalse, row.creator);
    entry->setGroupRangeRestriction(static_cast<DcmDictRangeRestriction>(row.groups));
    entry->setElementRangeRestriction(static_cast<DcmDictRangeRestriction>(row.elements));
    dictionary.addEntry(entry);  // which owns it
  }
}

}  // namespace

void load_dictionary() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (std::getenv(kPath) != nullptr) return;
    // The first lock reads the text that the variable names: an empty one.
    setenv(kPath, "/dev/null", 1);
    DcmDataDictionary& dictionary = dcmDataDict.wrlock();
    unsetenv(kPath);
    if (dictionary.numberOfEntries() == 0) add_rows(dictionary);
    dcmDataDict.wrunlock();
  });
}

}  // namespace consilium::imaging
