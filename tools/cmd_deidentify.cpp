#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/require_free.h"
#include "imaging/image_file.h"
#include "pipelines/deface_scans.h"
#include "pipelines/deidentify_scans.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

/// Each reason once, with the numbers of its first files.
void print_problems(const pipelines::DeidentifyReport& report) {
  constexpr std::size_t kMostNumbers = 8;
  std::map<std::string, std::vector<std::size_t>> reasons;
  for (const auto& failed : report.failed) reasons[failed.reason].push_back(failed.number);
  for (const auto& [reason, numbers] : reasons) {
    std::string list;
    for (std::size_t n = 0; n < std::min(numbers.size(), kMostNumbers); ++n) list += (n == 0 ? "" : ", ") + std::to_string(numbers[n]);
    fmt::print(stderr, "consilium: error: {} file{} (number {}{} in the order of paths): {}\n", numbers.size(), numbers.size() == 1 ? "" : "s", list, numbers.size() > kMostNumbers ? ", ..." : "", reason);
  }
  std::size_t suspicious = 0;
  for (const auto& written : report.written) suspicious += written.file.burned_in != "no" ? 1 : 0;
  if (suspicious > 0)
    log_warning(fmt::format("{} file{} may show names in the pixels, which are not changed: look at them (\"burned_in\" in the report), or give --refuse-burned-in", suspicious, suspicious == 1 ? "" : "s"));
}

int exit_code(const pipelines::DeidentifyReport& report) {
  if (report.failed.empty()) return report.written.empty() ? static_cast<int>(ErrorCode::kNotFound) : 0;
  return static_cast<int>(report.written.empty() && report.failed.size() == 1 ? report.failed.front().code : ErrorCode::kPartial);
}

void print_summary(const pipelines::DeidentifyReport& report, const std::string& output) {
  std::map<std::string, std::size_t> totals;
  for (const auto& written : report.written)
    for (const auto& [word, count] : written.file.counts) totals[word] += count;
  fmt::print("{} of {} DICOM files de-identified in {}\n", report.written.size(), report.written.size() + report.failed.size(), output);
  for (const auto& [word, count] : totals) fmt::print("  {:<26} {}\n", word, count);
  if (report.other_files > 0) fmt::print("  {:<26} {}\n", "files that are not DICOM", report.other_files);
}

}  // namespace

int cmd_deidentify(int argc, char** argv) {
  CLI::App app(
      "Writes DICOM files without identity (PS3.15 Basic Application Level Confidentiality Profile). UIDs, patient and dates are mapped by a secret key: the same key gives the "
      "same pseudonyms in every run and at every site, and nothing is stored. Pixels are not changed, but for faces if asked for.",
      "consilium deidentify");
  CommonOptions common;
  pipelines::DeidentifyScansOptions options;
  std::string input, output, key, report_file, review;
  std::vector<std::string> retained;
  bool make_key = false, by_study = false;
  app.add_option("IN", input, "DICOM folder or file; with --deface, one NIfTI, NRRD or MetaImage file as well")->required();
  app.add_option("-o", output, "folder for the results, made if missing")->required()->type_name("OUT_DIR");
  app.add_option("--key", key, "secret of at least 16 bytes; needed for DICOM")->type_name("FILE");
  app.add_flag("--make-key", make_key, "make the key first; it must not exist, and only its owner can read it");
  app.add_option("--retain", retained,
                 "keep more than the profile: uids, device, institution, characteristics (sex, age, weight), dates, modified-dates (moved back by days that belong to the patient), "
                 "descriptors (without unknown words), private (what the standard lists as safe)")
      ->type_name("WHAT");
  app.add_flag("--dates-by-study", by_study, "move the dates of each study, not of each patient, by days of its own");
  app.add_flag("--refuse-burned-in", options.refuse_burned_in, "do not write images whose pixels may show names");
  app.add_flag("--deface", options.deface,
               "put air in place of the face in MR and CT of heads; images whose face is not found are not written. Look at the pictures: ears and what lies behind the plane stay");
  app.add_option("--review", review, "folder for pictures before and after, which show faces (default: OUT_DIR-review)")->type_name("FOLDER");
  app.add_flag("--overwrite", options.overwrite, "replace files that exist");
  app.add_option("--report", report_file, "write the report (JSON, without identity) there as well")->type_name("FILE");
  add_common(app, common, "consilium deidentify archive/patient7 -o shared --key study.key --make-key --retain modified-dates --retain characteristics");
  return run_verb(app, argc, argv, common, [&] {
    for (const std::string& word : retained) imaging::retain(options.profile, word);
    imaging::validate(options.profile);
    options.review = review.empty() ? (fs::path(output) / "").parent_path().concat("-review") : fs::path(review);
    if (options.deface && imaging::is_image_name(input)) {
      fmt::print("{}\n", pipelines::deface_image(input, output, options.review, options.overwrite).string());
      return 0;
    }
    require(!key.empty(), ErrorCode::kUsage, "--key is required");
    if (by_study) options.profile.dates_by = imaging::DateGroup::kStudy;
    require_free(report_file, options.overwrite);
    if (make_key) imaging::make_pseudonym_key(key);
    require(fs::exists(key), ErrorCode::kNotFound, "no such file: " + key + "; --make-key makes it");
    if (imaging::is_readable_by_others(key)) log_warning("the key can be read by others than its owner: chmod 600");
    const imaging::Pseudonyms pseudonyms = imaging::read_pseudonym_key(key);
    const auto report = pipelines::deidentify_scans(input, output, pseudonyms, options);
    const std::string json = pipelines::to_json(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (!report_file.empty()) write_file(report_file, json);
    if (common.json) fmt::print("{}", json);
    if (!common.json) print_summary(report, output);
    print_problems(report);
    return exit_code(report);
  });
}

}  // namespace consilium::tools
