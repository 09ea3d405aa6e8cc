// Run by the build: writes DCMTK's data dictionary, which Debian ships as text, as rows of a C++ table (imaging/dicom/dictionary.cpp).
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <cstdio>
#include <string>

namespace {

std::string quoted(const char* text) { return text == nullptr ? "nullptr" : "\"" + std::string(text) + "\""; }

void print(const DcmDictEntry& entry) {
  const DcmTagKey from = entry.getKey(), to = entry.getUpperKey();
  std::printf("{%d, %d, %d, %d, %d, %s, %d, %d, %s, %s, %d, %d},\n", from.getGroup(), from.getElement(), to.getGroup(), to.getElement(), static_cast<int>(entry.getEVR()), quoted(entry.getTagName()).c_str(), entry.getVMMin(), entry.getVMMax(),
              quoted(entry.getStandardVersion()).c_str(), quoted(entry.getPrivateCreator()).c_str(), static_cast<int>(entry.getGroupRangeRestriction()), static_cast<int>(entry.getElementRangeRestriction()));
}

}  // namespace

int main() {
  DcmDataDictionary dictionary(OFFalse, OFTrue);
  if (!dictionary.isDictionaryLoaded()) {
    std::fprintf(stderr, "DCMTK's data dictionary is not where DCMTK looks for it: is the package libdcmtk17 whole, and DCMDICTPATH right?\n");
    return 1;
  }
  for (auto entry = dictionary.normalBegin(); entry != dictionary.normalEnd(); ++entry) print(**entry);
  for (auto entry = dictionary.repeatingBegin(); entry != dictionary.repeatingEnd(); ++entry) print(**entry);
}
