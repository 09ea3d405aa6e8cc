#include "imaging/dicom/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace consilium::imaging {
namespace {

using Words = std::vector<std::string>;
using Parts = std::initializer_list<std::string_view>;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// "t1_fl3d_tra_post_gd" -> t1, fl3d, tra, post, gd; '+' stays in a word ("+c").
Words split_words(const DicomHeader& h) {
  Words words;
  std::string word;
  for (const char c : lower(h.series_description + " " + h.protocol_name + " ")) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool has(const Words& words, std::string_view wanted) { return std::find(words.begin(), words.end(), wanted) != words.end(); }

/// The first of `known` that is a word. The known word is what evidence quotes: never a part of the description that nobody
/// foresaw.
std::optional<std::string_view> exact_word(const Words& words, Parts known) {
  for (const std::string_view part : known)
    if (has(words, part)) return part;
  return std::nullopt;
}

/// The first of `known` that some word holds.
std::optional<std::string_view> word_with(const Words& words, Parts known) {
  for (const std::string_view part : known)
    for (const std::string& word : words)
      if (word.find(part) != std::string::npos) return part;
  return std::nullopt;
}

struct Judge {
  const DicomHeader& h;
  Words words = split_words(h);
  std::vector<std::string>& evidence;

  void says(std::string_view word) const { evidence.push_back(fmt::format("description says \"{}\"", word)); }

  bool is_gradient() const { return has(h.scanning_sequence, "GR") && !has(h.scanning_sequence, "SE"); }

  /// Images that are none of ours whatever their times: localizers, maps, projections, angiography, diffusion, perfusion.
  bool is_other() const {
    for (const char* type : {"LOCALIZER", "ADC",    "PROJECTION IMAGE",
                             "MIP",       "MIN IP", "SUBTRACTION",
                             "SUBTRACT",  "SUB",    "P",
                             "PHASE MAP", "TRACEW", "FA",
                             "T1 MAP",    "T2 MAP", "T1_MAP",
                             "T2_MAP",    "B0 MAP", "FIELD_MAP",
                             "CBF",       "CBV",    "RCBF",
                             "RCBV",      "MTT",    "TTP"})
      if (has(h.image_type, type)) {
        evidence.push_back(std::string("ImageType ") + type);
        return true;
      }
    for (const char* content : {"phase", "real part", "imaginary part", "field map in Hz"})
      if (h.content == content) {
        evidence.push_back("the vendor's attributes say " + h.content);
        return true;
      }
    if (has(h.scanning_sequence, "EP")) {
      evidence.push_back("ScanningSequence EP");
      return true;
    }
    const auto any = exact_word(
        words, {"localizer", "localiser", "scout", "survey", "loc", "dwi", "dti", "adc", "trace", "mip", "b0map", "fieldmap"});
    // A spin echo is no angiography, whatever it is called: "t1 se after perf".
    const auto gradient = is_gradient() || h.scanning_sequence.empty()
                              ? word_with(words, {"tof", "angio", "swi", "perf", "dce", "bold", "fmri", "venbold"})
                              : std::nullopt;
    if (!any && !gradient) return false;
    says(any ? *any : *gradient);
    return true;
  }

  std::string by_words() const {
    struct Rule {
      Parts parts;
      const char* weighting;
    };
    for (const Rule& rule :
         {Rule{{"flair", "dark", "dafl"}, "FLAIR"}, Rule{{"t1", "mprage", "bravo", "spgr", "mpr"}, "T1"}, Rule{{"t2"}, "T2"}})
      if (const auto part = word_with(words, rule.parts)) {
        // "T1 FLAIR" nulls nothing: it is T1.
        const bool t1_flair = rule.weighting == std::string_view("FLAIR") && has(words, "t1");
        says(t1_flair ? "t1" : *part);
        return t1_flair ? "T1" : rule.weighting;
      }
    return "";
  }

  /// Weighting from echo, repetition and inversion time: "T1", "T2", "FLAIR", "other" (told, but none of ours), or "" when they
  /// do not tell.
  std::string by_physics() const {
    if (!h.te_ms || !h.tr_ms || *h.te_ms <= 0 || *h.tr_ms <= 0) return "";
    const double te = *h.te_ms, tr = *h.tr_ms, ti = h.ti_ms.value_or(0);
    evidence.push_back(ti > 0 ? fmt::format("TR {:g}, TE {:g}, TI {:g} ms", tr, te, ti)
                              : fmt::format("TR {:g}, TE {:g} ms", tr, te));
    return ti > 0 || has(h.scanning_sequence, "IR") ? after_inversion(tr, te, ti)
           : is_gradient()                          ? gradient(tr, te)
                                                    : spin_echo(tr, te);
  }

  std::string after_inversion(double tr, double te, double ti) const {
    if (te >= 60 && (ti >= 1400 || (ti <= 0 && tr >= 4000))) return "FLAIR";  // fluid nulled, late echo
    if (is_gradient()) return te < 12 && ti < 1600 ? "T1" : "other";          // MPRAGE and its kin
    if (ti > 0 && ti < 400) return "other";                                   // fat nulled (STIR)
    if (te < 30) return "T1";                                                 // "T1 FLAIR", inversion recovery
    return "";
  }

  std::string gradient(double tr, double te) const {
    const auto& variant = h.sequence_variant;
    const double flip = h.flip_degrees.value_or(0);
    // Balanced steady state weights T2/T1.
    if (has(variant, "SS") && !has(variant, "SP") && !has(variant, "MP") && tr < 15 && flip >= 30) return "other";
    if (te < 12 && (tr < 60 || (tr < 600 && flip >= 50))) return "T1";
    return "other";  // T2*, susceptibility
  }

  std::string spin_echo(double tr, double te) const {
    if (tr <= 1200 && te <= 35) return "T1";
    if (tr >= 1800 && te < 45) return "other";  // proton density
    if (tr < 1800 || te < 60) return "";
    // Without an Inversion Time nothing but words tells FLAIR from T2; a value of 0 does.
    if (!h.ti_ms)
      if (const auto word = word_with(words, {"flair", "dark", "dafl"})) {
        says(*word);
        return "FLAIR";
      }
    return "T2";
  }

  bool is_enhanced() const {
    if (const auto word = exact_word(words, {"pre", "precontrast", "native", "nativ", "unenhanced", "nonenhanced", "noncontrast",
                                             "ohne", "without", "wo"})) {
      says(*word);  // the agent is often entered for the whole examination, before it is given
      return false;
    }
    const std::string agent = lower(h.contrast_agent);
    if (!agent.empty() && !has({"no", "none", "n", "no contrast", "without", "0", "na", "n/a", "unknown", "-"}, agent)) {
      evidence.push_back("ContrastBolusAgent is given");
      return true;
    }
    auto word = exact_word(words, {"gd", "gad", "post", "ce", "t1ce", "t1c", "t1gd", "contrast", "km", "mdc", "postcontrast",
                                   "postgd", "postgad", "enhanced"});
    if (!word)
      word = word_with(words, {"+c", "c+", "+gd", "gd+", "+km", "gado", "dotarem", "magnevist", "prohance", "multihance"});
    if (word) says(*word);
    return word.has_value();
  }
};

std::string classify_mr(const DicomHeader& h, std::vector<std::string>& evidence) {
  const Judge judge{.h = h, .evidence = evidence};
  if (judge.is_other()) return "";
  std::string weighting = judge.by_physics();
  if (weighting.empty()) weighting = judge.by_words();
  if (weighting == "other") return "";
  return weighting == "T1" && judge.is_enhanced() ? "T1ce" : weighting;
}

std::string classify_pet(const DicomHeader& h, std::vector<std::string>& evidence) {
  if (!h.units.empty()) evidence.push_back("Units " + h.units);
  if (h.corrected_image.empty() || has(h.corrected_image, "ATTN")) return "PET";
  evidence.push_back("CorrectedImage without ATTN: attenuation is not corrected");
  return "";
}

}  // namespace

SeriesClass classify(const Series& series) {
  const DicomHeader& h = series.header();
  SeriesClass result;
  result.evidence.push_back("Modality " + h.modality);
  if (!h.sop_class_uid.empty() && !is_scan(h)) {
    result.evidence.push_back("a secondary capture, or of another kind than scanners make");
  } else if (h.modality == "MR") {
    result.channel = classify_mr(h, result.evidence);
  } else if (h.modality == "PT") {
    result.channel = classify_pet(h, result.evidence);
  } else if (h.modality == "CT" && has(h.image_type, "LOCALIZER")) {
    result.evidence.push_back("ImageType LOCALIZER");
  } else if (h.modality == "CT") {
    result.channel = "CT";
  }
  return result;
}

}  // namespace consilium::imaging
