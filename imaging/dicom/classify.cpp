#include "imaging/dicom/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace consilium::imaging {
namespace {

/// "t1_fl3d_tra_post_gd" -> t1, fl3d, tra, post, gd; '+' stays in a word ("+c").
std::vector<std::string> split_words(const DicomHeader& h) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : h.series_description + " " + h.protocol_name + " ") {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || c == '+') {
      word += static_cast<char>(std::tolower(u));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool has(const std::vector<std::string>& words, std::string_view wanted) {
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

/// The first word that holds one of the parts.
std::string word_with(const std::vector<std::string>& words, std::initializer_list<std::string_view> parts) {
  for (const std::string& word : words)
    for (const std::string_view part : parts)
      if (word.find(part) != std::string::npos) return word;
  return "";
}

std::string contrast_word(const std::vector<std::string>& words) {
  static constexpr std::array<std::string_view, 14> kWords{"gd", "gad",  "+c",  "c+",       "+gd", "gd+", "post",
                                                           "ce", "t1ce", "t1c", "contrast", "km",  "+km", "postcontrast"};
  for (const std::string& word : words)
    if (std::find(kWords.begin(), kWords.end(), word) != kWords.end() || word.starts_with("gadolin")) return word;
  return "";
}

/// What relaxation weights the image: "T1", "T2", "FLAIR", "other" (told, but none of ours), or "" when the times do not tell.
std::string weighting_by_physics(const DicomHeader& h, std::vector<std::string>& evidence) {
  if (!h.te_ms || !h.tr_ms) return "";
  const double te = *h.te_ms, tr = *h.tr_ms, ti = h.ti_ms.value_or(0);
  const bool inversion = has(h.scanning_sequence, "IR") || ti > 0;
  evidence.push_back(inversion && ti > 0 ? fmt::format("TR {:g}, TE {:g}, TI {:g} ms", tr, te, ti)
                                         : fmt::format("TR {:g}, TE {:g} ms", tr, te));
  if (has(h.scanning_sequence, "EP")) {
    evidence.push_back("ScanningSequence EP");
    return "other";  // diffusion, perfusion, BOLD
  }
  if (inversion && ti >= 1400 && te >= 60) return "FLAIR";
  if (inversion && te < 30) return ti > 0 && ti < 400 ? "other" : "T1";  // a short TI is fat suppression (STIR)
  const bool gradient = has(h.scanning_sequence, "GR") && !has(h.scanning_sequence, "SE");
  if (gradient) {
    if (tr < 60 && te < 12) return "T1";
    if (tr < 600 && te < 12 && h.flip_degrees.value_or(0) >= 50) return "T1";
    return "other";  // T2*, susceptibility
  }
  if (tr <= 1200 && te <= 35) return "T1";
  if (tr >= 1800 && te >= 60) return inversion ? "" : "T2";
  if (tr >= 1800 && te < 45) return "other";  // proton density
  return "";
}

std::string weighting_by_words(const std::vector<std::string>& words, std::vector<std::string>& evidence) {
  struct Rule {
    std::initializer_list<std::string_view> parts;
    const char* weighting;
  };
  for (const Rule& rule : {Rule{{"dwi", "adc", "trace", "perf", "bold", "swi", "tof", "localizer", "scout"}, "other"},
                           Rule{{"flair", "dark"}, "FLAIR"}, Rule{{"t1", "mprage", "bravo", "tfe"}, "T1"}, Rule{{"t2"}, "T2"}})
    if (const std::string word = word_with(words, rule.parts); !word.empty()) {
      evidence.push_back("description says \"" + word + "\"");
      return rule.weighting;
    }
  return "";
}

}  // namespace

SeriesClass classify(const Series& series) {
  const DicomHeader& h = series.header();
  SeriesClass result;
  result.evidence.push_back("Modality " + h.modality);
  if (h.modality == "CT" || h.modality == "PT") {
    result.channel = h.modality == "CT" ? "CT" : "PET";
    return result;
  }
  if (h.modality != "MR") return result;
  for (const char* word : {"LOCALIZER", "DERIVED"})
    if (has(h.image_type, word)) result.evidence.push_back(std::string("ImageType ") + word);
  if (has(h.image_type, "LOCALIZER")) return result;
  const std::vector<std::string> words = split_words(h);
  std::string weighting = weighting_by_physics(h, result.evidence);
  if (weighting.empty()) weighting = weighting_by_words(words, result.evidence);
  if (weighting.empty() || weighting == "other") return result;
  result.channel = weighting;
  if (weighting != "T1") return result;
  if (!h.contrast_agent.empty()) {
    result.channel = "T1ce";
    result.evidence.push_back("ContrastBolusAgent is given");
  } else if (const std::string word = contrast_word(words); !word.empty()) {
    result.channel = "T1ce";
    result.evidence.push_back("description says \"" + word + "\"");
  }
  return result;
}

}  // namespace consilium::imaging
