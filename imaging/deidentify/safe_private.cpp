#include "imaging/deidentify/safe_private.h"

#include <algorithm>

namespace consilium::imaging {
namespace {

struct SafePrivate {
  std::string_view creator;
  std::uint32_t tag;
};

constexpr SafePrivate kSafe[] = {
    {"Philips PET Private Group", 0x70530000},  // SUV factor
    {"Philips PET Private Group", 0x70530009},  // activity concentration factor
    {"Philips MR Imaging DD 001", 0x2005000D},  // scale intercept
    {"Philips MR Imaging DD 001", 0x2005000E},  // scale slope
    {"Philips Imaging DD 001", 0x20010003},     // diffusion b-factor
    {"Philips Imaging DD 001", 0x20010004},     // diffusion direction
    {"SIEMENS MR HEADER", 0x0019000C},          // b-value
    {"SIEMENS MR HEADER", 0x0019000D},          // diffusion directionality
    {"SIEMENS MR HEADER", 0x0019000E},          // gradient direction
    {"SIEMENS MR HEADER", 0x00190027},          // b-matrix
    {"ELSCINT1", 0x00E10021},                   // DLP
    {"ELSCINT1", 0x01E10026},                   // phantom type
    {"ELSCINT1", 0x01E10050},                   // acquisition duration
    {"ELSCINT1", 0x01F10001},                   // acquisition type
    {"ELSCINT1", 0x01F10007},                   // table velocity
    {"ELSCINT1", 0x01F10026},                   // pitch
    {"ELSCINT1", 0x01F10027},                   // rotation time
    {"GEMS_ACQU_01", 0x00190023},               // table speed
    {"GEMS_ACQU_01", 0x00190024},               // mid scan time
    {"GEMS_ACQU_01", 0x00190027},               // rotation speed
    {"GEMS_ACQU_01", 0x0019009E},               // internal pulse sequence name
    {"GEMS_SERS_01", 0x00250007},               // images in series
    {"GEMS_PARM_01", 0x00430027},               // scan pitch ratio
    {"GEMS_PARM_01", 0x00430039},               // b-value
    {"GEMS_PARM_01", 0x0043006F},               // scanner table entry
    {"GEMS_HELIOS_01", 0x00450001},             // macro rows in detector
    {"GEMS_HELIOS_01", 0x00450002},             // macro width
    {"GEIIS PACS", 0x09030010},                 // reject image flag
    {"GEIIS PACS", 0x09030011},                 // significant flag
    {"GEIIS PACS", 0x09030012},                 // confidential flag
};

}  // namespace

bool is_safe_private(std::uint32_t tag, std::string_view creator) {
  return std::any_of(std::begin(kSafe), std::end(kSafe), [&](const SafePrivate& safe) { return safe.tag == tag && safe.creator == creator; });
}

}  // namespace consilium::imaging
