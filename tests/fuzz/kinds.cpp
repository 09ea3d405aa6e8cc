#include "tests/fuzz/bodies.h"

namespace consilium::fuzz {

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds{
      // gzip gives at most 1032 bytes for one; each may be a uint8 that becomes a float, beside the growing buffer it came from.
      {"nifti", "nifti", fuzz_nifti, 1032 * 8},
      // As gzip, for the deflated encoding; RLE and JPEG expand less.
      {"dicom", "dicom", fuzz_dicom, 1032 * 8},
      // "{},": a list entry, an empty map and its allocation for three bytes.
      {"settings", "settings", fuzz_settings, 200},
#ifdef CONSILIUM_WITH_TORCH
      {"training_settings", "settings", fuzz_training_settings, 200},
#endif
      {"wire", "wire", fuzz_wire, 200, wire_examples},
      {"safetensors", "safetensors", fuzz_safetensors, 200},
      // The model's size bounds it, not the input's.
      {"compressed_update", "compressed_update", fuzz_compressed_update, 0},
      // The terms bound it, not the input.
      {"encrypted", "encrypted", fuzz_encrypted, 0, encrypted_examples},
      // A protocol among four sites, whatever the input; lists grow with what is there.
      {"secure", "secure", fuzz_secure, 400, secure_examples},
      {"npy", "npy", fuzz_npy, 200},
      {"certificate", "certificate", fuzz_certificate, 200},
  };
  return kKinds;
}

}  // namespace consilium::fuzz
