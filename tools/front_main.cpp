#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "base/settings.h"

namespace {

struct Verb {
  const char* name;
  const char* program;  ///< beside this one, or where it is installed
  const char* purpose;
  const char* training_flag = nullptr;  ///< with it the verb trains, and is in consilium-models
};

constexpr Verb kVerbs[] = {
    {"phantom", "consilium-imaging", "make digital heads with tumours, as different hospitals see them"},
    {"inspect", "consilium-imaging", "what is in these scans: series, size, spacing, orientation"},
    {"convert", "consilium-imaging", "rewrite scans as .nii.gz, turned and resampled if asked for"},
    {"deidentify", "consilium-imaging", "DICOM files without identity, by the standard's profile and a secret key"},
    {"seg", "consilium-imaging", "DICOM segmentations: to label maps, and from them for the PACS"},
    {"rtstruct", "consilium-imaging", "contours of radiotherapy as label maps"},
    {"pacs", "consilium-pacs", "ask a PACS for studies, fetch, send and receive them"},
    {"preprocess", "consilium-imaging", "one grid and comparable intensities for every case"},
    {"train", "consilium-models", "train one model on one or several folders of cases"},
    {"predict", "consilium-models", "segment cases with a model"},
    {"evaluate", "consilium-imaging", "Dice, Hausdorff distance and volumes of predictions"},
    {"keys", "consilium-federation", "a federation's authority and certificates"},
    {"coordinate", "consilium-federation", "run a federation: wait for sites, average, keep the history"},
    {"status", "consilium-federation", "how a federation stands, or how it went, and who was missing"},
    {"watch", "consilium-federation", "the same, live"},
    {"privacy", "consilium-federation", "differential privacy: what a training costs, and what was spent"},
    {"verify", "consilium-federation", "is a federation's history what it was? checks its ledger, offline", "--replay"},
    {"relay", "consilium-federation", "forward sealed letters between sites without coordinator"},
    {"policy", "consilium-federation", "what this hospital demands of every federation, signed"},
    {"join", "consilium-models", "take part in a federation with this site's cases"},
    {"simulate", "consilium-models", "compare single-site, pooled and federated models on one machine"},
    {"estimate", "consilium-federation", "what a federation of many hospitals would cost"},
    {"report", "consilium-report", "one HTML page: what federation bought each site"},
    {"attack", "consilium-attack", "attack one's own federation or model: what does it withstand?"},
    {"weights", "consilium-federation", "a model's weights as .npy files for Python, and back"},
    {"doctor", "consilium-models", "what this machine offers for training, and what is missing"},
};

void print_help(std::FILE* out) {
  std::fputs("Usage: consilium VERB [OPTIONS]\n\n", out);
  for (const Verb& verb : kVerbs) std::fprintf(out, "  %-11s %s\n", verb.name, verb.purpose);
  std::fputs("\nconsilium VERB --help tells a verb's options, with an example.\nResearch use only: this is no medical device.\n", out);
}

/// build/bin/PROGRAM, or of what is installed PREFIX/libexec/consilium/PROGRAM: nobody types its name.
std::filesystem::path place_of(const char* program) {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto installed = here.parent_path() / "libexec" / "consilium" / program;
  return std::filesystem::exists(installed, error) ? installed : here / program;
}

}  // namespace

/// Finds the program of a verb and becomes it: each verb is linked only to what it needs, so that it starts fast.
int main(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word.empty()) {
    print_help(stderr);
    return 2;
  }
  if (word == "--help" || word == "-h" || word == "help") {
    print_help(stdout);
    return 0;
  }
  if (word == "--version") {
    std::puts("consilium " CONSILIUM_VERSION);
    return 0;
  }
  for (const Verb& verb : kVerbs) {
    if (word != verb.name) continue;
    const bool trains = verb.training_flag != nullptr && std::any_of(argv + 2, argv + argc, [&](const char* argument) { return std::strcmp(argument, verb.training_flag) == 0; });
    const auto program = place_of(trains ? "consilium-models" : verb.program);
    execv(program.c_str(), argv);
    std::fprintf(stderr, "consilium: error: %s cannot be started: %s%s\n", program.c_str(), std::strerror(errno), errno == ENOENT ? "; is only the coordinator installed (package consilium has the rest), or was consilium built without LibTorch?" : "");
    return 3;
  }
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
  const std::string nearest = consilium::nearest_word(word, names);
  std::fprintf(stderr, "consilium: error: unknown verb \"%s\"%s; consilium --help lists the verbs\n", word.c_str(), nearest.empty() ? "" : ("; did you mean \"" + nearest + "\"?").c_str());
  return 2;
}
