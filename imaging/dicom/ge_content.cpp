#include "imaging/dicom/ge_content.h"

#include "imaging/dicom/private_tags.h"
#include "imaging/dicom/vendor.h"

namespace consilium::imaging {
namespace {

PrivateTag acquisition(std::uint8_t element) { return {0x0019, "GEMS_ACQU_01", element}; }

void set_part_of_complex(DcmItem& item, DicomHeader& h) {
  const auto kind = private_numbers(item, {0x0043, "GEMS_PARM_01", 0x2F}, PrivateType::kUint16);
  if (kind.empty()) return;
  if (kind[0] == 1) h.content = "phase";
  if (kind[0] == 2) h.content = "real part";
  if (kind[0] == 3) h.content = "imaginary part";
}

void set_part_of_b0_map(DcmItem& item, DicomHeader& h, const std::string& sequence) {
  if (sequence.find("b0map") == std::string::npos && private_text(item, acquisition(0x9E)) != "B0map") return;
  const auto slices = private_numbers(item, {0x0021, "GEMS_RELA_01", 0x4F}, PrivateType::kUint16);
  if (!slices.empty()) h.content = h.instance_number <= slices[0] ? "field map in Hz" : "magnitude";
}

void mend_reversed_rows(DcmItem& item, DicomHeader& h, const std::string& sequence) {
  if (!h.has_geometry || sequence.find("epi_pepolar") == std::string::npos) return;
  const auto mode = private_numbers(item, acquisition(0xB3), PrivateType::kText);
  if (mode.empty()) return;
  const bool is_odd = h.temporal_position.value_or(1) % 2 == 1;
  const bool is_reversed = mode[0] == 1 || (mode[0] == 2 && is_odd) || (mode[0] == 3 && !is_odd);
  h.content = is_reversed ? "reversed phase encoding" : "forward phase encoding";
  if (!is_reversed) return;
  for (std::size_t a = 0; a < 3; ++a) {
    h.position_mm[a] += h.column[a] * (h.rows - 1) * h.row_spacing_mm;
    h.column[a] = -h.column[a];
  }
}

}  // namespace

void read_ge_content(DcmItem& item, DicomHeader& h) {
  if (h.modality != "MR" || !is_from(h, "ge ")) return;
  const std::string sequence = private_text(item, acquisition(0x9C));
  set_part_of_complex(item, h);
  set_part_of_b0_map(item, h, sequence);
  mend_reversed_rows(item, h, sequence);
}

}  // namespace consilium::imaging
