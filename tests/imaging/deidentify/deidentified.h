#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <memory>
#include <string>

#include "imaging/deidentify/elements.h"
#include "imaging/deidentify/protect.h"

namespace consilium::test {

inline constexpr const char* kSecret = "a secret of more than sixteen bytes";

inline DcmTagKey key_of(std::uint32_t tag) { return {static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFF)}; }

/// An object of a SOP class with what it must have; a test adds the attribute that it is about.
inline std::unique_ptr<DcmDataset> object_of(const char* sop_class = UID_MRImageStorage) {
  auto object = std::make_unique<DcmDataset>();
  object->putAndInsertString(DCM_SOPClassUID, sop_class);
  object->putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4.5");
  object->putAndInsertString(DCM_StudyInstanceUID, "1.2.3.4");
  object->putAndInsertString(DCM_PatientID, "PID0815");
  object->putAndInsertString(DCM_PatientName, "Plantedname^Firstname");
  return object;
}

inline imaging::ProtectionCounts protect(DcmDataset& object, const imaging::DeidentifyOptions& options = {}) {
  const imaging::Pseudonyms pseudonyms(kSecret);
  return imaging::protect(object, pseudonyms, options);
}

inline std::string value(DcmItem& item, std::uint32_t tag) { return imaging::raw_value(item, key_of(tag)); }

}  // namespace consilium::test
