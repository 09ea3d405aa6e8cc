#include "imaging/deidentify/options.h"

#include "base/error.h"
#include "base/settings.h"

namespace consilium::imaging {
namespace {

struct Retention {
  const char* word;
  bool DeidentifyOptions::*flag;
  const char* code;
  const char* meaning;
};

constexpr Retention kRetentions[] = {
    {"descriptors", &DeidentifyOptions::clean_descriptors, "113105", "Clean Descriptors Option"},
    {"dates", &DeidentifyOptions::retain_full_dates, "113106", "Retain Longitudinal Temporal Information Full Dates Option"},
    {"modified-dates", &DeidentifyOptions::retain_modified_dates, "113107", "Retain Longitudinal Temporal Information Modified Dates Option"},
    {"characteristics", &DeidentifyOptions::retain_characteristics, "113108", "Retain Patient Characteristics Option"},
    {"device", &DeidentifyOptions::retain_device, "113109", "Retain Device Identity Option"},
    {"uids", &DeidentifyOptions::retain_uids, "113110", "Retain UIDs Option"},
    {"private", &DeidentifyOptions::retain_safe_private, "113111", "Retain Safe Private Option"},
    {"institution", &DeidentifyOptions::retain_institution, "113112", "Retain Institution Identity Option"},
};

}  // namespace

void validate(const DeidentifyOptions& options) {
  require(!options.retain_full_dates || !options.retain_modified_dates, ErrorCode::kUsage,
          "dates are kept or moved, not both: retain \"dates\" or \"modified-dates\"");
}

void retain(DeidentifyOptions& options, const std::string& word) {
  std::vector<std::string> known;
  for (const Retention& retention : kRetentions) {
    if (word == retention.word) {
      options.*retention.flag = true;
      return;
    }
    known.emplace_back(retention.word);
  }
  const std::string nearest = nearest_word(word, known);
  std::string all;
  for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kUsage, "cannot retain \"" + word.substr(0, 64) + "\"" +
                                     (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?") + "; known: " + all);
}

std::vector<std::pair<std::string, std::string>> method_codes(const DeidentifyOptions& options) {
  std::vector<std::pair<std::string, std::string>> codes{{"113100", "Basic Application Confidentiality Profile"}};
  if (options.clean_faces) codes.emplace_back("113102", "Clean Recognizable Visual Features Option");
  for (const Retention& retention : kRetentions)
    if (options.*retention.flag) codes.emplace_back(retention.code, retention.meaning);
  return codes;
}

}  // namespace consilium::imaging
