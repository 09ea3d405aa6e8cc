#pragma once

#include <string>
#include <utility>
#include <vector>

namespace consilium::imaging {

/// Whose dates move together.
enum class DateGroup { kPatient, kStudy };

/// Options of PS3.15 Annex E.3 that keep more than the Basic Profile; none by default.
struct DeidentifyOptions {
  bool retain_uids = false;             ///< UIDs stay; else each is mapped by the key
  bool retain_device = false;           ///< serial numbers, station names, detectors
  bool retain_institution = false;      ///< name, address, department
  bool retain_characteristics = false;  ///< sex, age, size, weight, ethnic group, smoking, pregnancy
  bool retain_full_dates = false;       ///< dates and times stay as they are
  bool retain_modified_dates = false;   ///< dates move back by days that belong to key and patient; times stay
  bool clean_descriptors = false;       ///< descriptions stay, without the words that are not known as harmless
  bool retain_safe_private = false;     ///< private attributes that the standard lists as safe, by creator
  bool clean_faces = false;  ///< the pixels have lost what one could recognise a face by: said in the codes and in (0028,0302)
  DateGroup dates_by = DateGroup::kPatient;  ///< kStudy: where a patient has another number at every site
};

/// @throws Error{kUsage} both kinds of dates.
void validate(const DeidentifyOptions& options);

/// Turns on what a word of the command line names: uids, device, institution, characteristics, dates, modified-dates,
/// descriptors, private. @throws Error{kUsage} unknown, naming the nearest.
void retain(DeidentifyOptions& options, const std::string& word);

/// Code (scheme DCM) and meaning of the profile and each option: what (0012,0064) and (0012,0063) say.
/// Source: DICOM PS3.16 CID 7050.
std::vector<std::pair<std::string, std::string>> method_codes(const DeidentifyOptions& options);

}  // namespace consilium::imaging
