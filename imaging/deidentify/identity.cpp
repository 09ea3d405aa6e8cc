#include "imaging/deidentify/identity.h"

#include <algorithm>
#include <cctype>

#include "imaging/deidentify/padding.h"

namespace consilium::imaging {
namespace {

constexpr std::size_t kShortestWord = 4;    // "Lee" and "MR" are in too many texts
constexpr std::size_t kShortestPhrase = 4;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80; }

/// Calls `visit` with each run of word characters (true) and of others (false).
template <typename Visit>
void for_each_run(const std::string& text, const Visit& visit) {
  for (std::size_t start = 0; start < text.size();) {
    const bool is_word = is_word_character(text[start]);
    std::size_t end = start;
    while (end < text.size() && is_word_character(text[end]) == is_word) ++end;
    visit(text.substr(start, end - start), is_word);
    start = end;
  }
}

/// Whose words name a person or a case.
bool names_a_person(const DcmTagKey& tag, DcmEVR vr) {
  return vr == EVR_PN || tag == DCM_PatientID || tag == DcmTagKey(0x0010, 0x1000) || tag == DCM_AccessionNumber ||
         tag == DCM_PatientBirthDate || tag == DCM_StudyID || tag == DCM_PatientAddress || tag == DCM_PatientTelephoneNumbers ||
         tag == DcmTagKey(0x0010, 0x1090) || tag == DCM_PatientMotherBirthName;
}

/// Whose whole value names a place, a device or an object.
bool names_a_thing(const DcmTagKey& tag, DcmEVR vr) {
  return vr == EVR_UI || tag == DCM_InstitutionName || tag == DCM_InstitutionAddress || tag == DCM_InstitutionalDepartmentName ||
         tag == DCM_StationName || tag == DCM_DeviceSerialNumber || tag == DCM_DetectorID || tag == DCM_PlateID ||
         tag == DCM_GantryID || tag == DCM_CassetteID;
}

void collect(DcmItem& item, Identity& identity) {
  for (unsigned long n = 0; n < item.card(); ++n) {
    DcmElement* element = item.getElement(n);
    if (element->ident() == EVR_SQ) {
      auto* sequence = static_cast<DcmSequenceOfItems*>(element);
      for (unsigned long k = 0; k < sequence->card(); ++k) collect(*sequence->getItem(k), identity);
      continue;
    }
    const DcmTagKey tag = element->getTag().getXTag();
    const bool person = names_a_person(tag, element->ident()), thing = names_a_thing(tag, element->ident());
    OFString value;
    if ((!person && !thing) || element->getOFStringArray(value).bad()) continue;
    const std::string text = lower(std::string(without_padding({value.c_str(), value.length()})));
    if (person) {
      for_each_run(text, [&](const std::string& word, bool is_word) {
        if (is_word && word.size() >= kShortestWord) identity.words.insert(word);
      });
    } else if (text.size() >= kShortestPhrase && !text.starts_with("1.2.840.10008.")) {
      identity.phrases.push_back(text);
    }
  }
}

}  // namespace

Identity identity_of(DcmItem& data_set) {
  Identity identity;
  collect(data_set, identity);
  std::sort(identity.phrases.begin(), identity.phrases.end(), [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  identity.phrases.erase(std::unique(identity.phrases.begin(), identity.phrases.end()), identity.phrases.end());
  return identity;
}

std::string without_identity(const std::string& text, const Identity& identity) {
  std::string rest = text;
  for (const std::string& phrase : identity.phrases)
    for (std::size_t at = lower(rest).find(phrase); at != std::string::npos; at = lower(rest).find(phrase, at + 3))
      rest.replace(at, phrase.size(), "***");
  std::string clean;
  for_each_run(rest, [&](const std::string& run, bool is_word) { clean += is_word && identity.words.contains(lower(run)) ? "***" : run; });
  return clean;
}

std::string harmless_words(const std::string& text, const Identity& identity) {
  std::string clean, gap;
  for_each_run(without_identity(text, identity), [&](const std::string& run, bool is_word) {
    if (!is_word) {
      if (!clean.empty()) gap = run.find('\\') != std::string::npos ? "\\" : run.find_first_of("_-/+.") != std::string::npos ? run.substr(run.find_first_of("_-/+."), 1) : " ";
      return;
    }
    const std::string word = lower(run);
    const bool is_number = std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool is_short = word.size() <= 2 && std::all_of(word.begin(), word.end(), [](unsigned char c) { return c < 0x80; });
    if (!(is_number ? word.size() <= 3 : is_short || is_imaging_word(word))) return;
    clean += (clean.empty() ? "" : gap.empty() ? " " : gap) + run;
    gap.clear();
  });
  return clean;
}

}  // namespace consilium::imaging
