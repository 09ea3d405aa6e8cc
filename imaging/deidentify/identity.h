#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <set>
#include <string>
#include <vector>

namespace consilium::imaging {

/// What one object says of who: looked for in every text that stays. Only for imaging/deidentify/*.cpp.
struct Identity {
  std::set<std::string> words;        ///< of names and numbers, lower case, at least four characters
  std::vector<std::string> phrases;   ///< whole values (institution, station, serial number, UIDs), lower case, the longest first
};

/// Collects names, numbers, institutions, devices and UIDs of a data set and of everything nested in it.
Identity identity_of(DcmItem& data_set);

/// The text without the identity's words and phrases; each becomes "***".
std::string without_identity(const std::string& text, const Identity& identity);

/// Of a description, the words that are known as harmless (anatomy, technique, contrast, plane), words of one or two letters, and
/// numbers of up to three digits; words of the identity go even then. Empty when nothing is left.
///
/// A list of what may stay, not of what must go: a name that nobody foresaw goes too.
/// Source: DICOM PS3.15 E.3.5 (Clean Descriptors).
std::string harmless_words(const std::string& text, const Identity& identity);

/// Whether a lower-case word is in the list of words that tell how an image was made and of what.
bool is_imaging_word(const std::string& word);

}  // namespace consilium::imaging
