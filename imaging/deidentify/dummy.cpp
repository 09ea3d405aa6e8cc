#include "imaging/deidentify/dummy.h"

#include "base/error.h"

namespace consilium::imaging {
namespace {

/// Null for what holds no text.
const char* dummy_text(DcmEVR vr) {
  switch (vr) {
    case EVR_AS: return "000Y";
    case EVR_DA: return "19000101";
    case EVR_DT: return "19000101000000";
    case EVR_TM: return "000000";
    case EVR_DS:
    case EVR_IS: return "0";
    case EVR_UR: return "urn:removed";
    case EVR_AE:
    case EVR_CS:
    case EVR_LO:
    case EVR_LT:
    case EVR_PN:
    case EVR_SH:
    case EVR_ST:
    case EVR_UC:
    case EVR_UT: return "REMOVED";
    default: return nullptr;
  }
}

OFCondition put_zero(DcmElement& element) {
  constexpr Uint8 kBytes[8] = {};
  constexpr Uint16 kWords[4] = {};
  switch (element.ident()) {
    case EVR_US:
    case EVR_OW:
    case EVR_lt: return element.putUint16Array(kWords, 1);
    case EVR_SS: return element.putSint16(0);
    case EVR_UL:
    case EVR_OL: return element.putUint32(0);
    case EVR_SL: return element.putSint32(0);
    case EVR_FL:
    case EVR_OF: return element.putFloat32(0);
    case EVR_FD:
    case EVR_OD: return element.putFloat64(0);
    case EVR_OB:
    case EVR_UN: return element.putUint8Array(kBytes, 2);
    default: return element.putUint8Array(kBytes, 8);
  }
}

}  // namespace

void make_dummy(DcmElement& element) {
  if (element.ident() == EVR_SQ) return;
  const char* text = dummy_text(element.getVR());
  OFCondition outcome = text != nullptr ? element.putString(text) : put_zero(element);
  if (outcome.bad()) outcome = element.putString("");
  require(outcome.good(), ErrorCode::kUnexpected, "DICOM: an attribute could not be replaced");
}

}  // namespace consilium::imaging
