#include "pipelines/phantom_site.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "imaging/label_scheme.h"
#include "imaging/nifti/nifti.h"
#include "imaging/phantom/dicom_tags.h"
#include "imaging/phantom/site_profile.h"

namespace consilium::pipelines {
namespace {

using imaging::Delivery;
using imaging::SiteProfile;

/// "T1ce" -> the file's ending in BraTS 2023 names.
std::string brats_suffix(const std::string& series) {
  if (series == "T1") return "t1n";
  if (series == "T1ce") return "t1c";
  if (series == "T2") return "t2w";
  if (series == "FLAIR") return "t2f";
  return series == "CT" ? "ct" : "pet";
}

/// "T1ce" -> folder and ending of BIDS 1.9 (MR and PET; CT as in the BIDS extension proposal 24).
std::pair<std::string, std::string> bids_place(const std::string& series) {
  if (series == "T1") return {"anat", "T1w"};
  if (series == "T1ce") return {"anat", "ce-gadolinium_T1w"};
  if (series == "T2") return {"anat", "T2w"};
  if (series == "FLAIR") return {"anat", "FLAIR"};
  return series == "CT" ? std::pair<std::string, std::string>{"ct", "ct"} : std::pair<std::string, std::string>{"pet", "pet"};
}

struct Job {
  std::size_t site;
  std::string split;
  int number;
};

std::string case_name(const SiteProfile& site, const Job& job) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04d", job.number);
  std::string name = site.name + "-" + digits;
  if (site.delivery == Delivery::kNiftiBids)
    std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });  // BIDS labels are alphanumeric
  return site.delivery == Delivery::kNiftiBids ? "sub-" + name : name;
}

void write_nifti_case(const SiteProfile& site, const PhantomCase& c, const std::vector<Volume>& images, const LabelMap& truth) {
  for (std::size_t n = 0; n < images.size(); ++n) {
    const std::string& series = site.protocol[n].name;
    if (site.delivery == Delivery::kNiftiBids) {
      const auto [folder, ending] = bids_place(series);
      imaging::write_nifti(c.folder / folder / (c.name + "_" + ending + ".nii.gz"), images[n], {.compression = 1});
    } else {
      imaging::write_nifti(c.folder / (c.name + "-" + brats_suffix(series) + ".nii.gz"), images[n], {.compression = 1});
    }
  }
  const bool bids = site.delivery == Delivery::kNiftiBids;
  imaging::write_nifti(bids ? c.folder / "anat" / (c.name + "_dseg.nii.gz") : c.folder / (c.name + "-seg.nii.gz"), truth);
}

void write_dicom_case(const SiteProfile& site, const PhantomCase& c, const std::vector<Volume>& images, const LabelMap& truth,
                      const std::vector<imaging::Acquisition>& exam, const imaging::StudyTags& study) {
  for (std::size_t n = 0; n < images.size(); ++n) {
    const int number = static_cast<int>(n) + 1;
    const fs::path folder = c.folder / "dicom" / (std::to_string(number) + "_" + site.protocol[n].name);
    fs::remove_all(folder);  // what an interrupted run left
    imaging::write_dicom_series(folder, images[n], study, imaging::describe_series(site, site.protocol[n], exam[n], number));
  }
  imaging::write_nifti(c.folder / (c.name + "-seg.nii.gz"), truth);
}

PhantomCase write_case(SiteProfile site, const Job& job, const PhantomRequest& request) {
  if (job.split == "test" && !site.held_out_protocol.empty()) site.protocol = site.held_out_protocol;
  const Rng seed(request.seed);
  Rng rng = seed.fork(site.name).fork(job.split).fork(static_cast<std::uint64_t>(job.number));
  Rng patient = rng.fork("patient"), protocol = rng.fork("exam");
  const imaging::HeadOptions options = imaging::draw_patient(site, patient);
  const imaging::Head head = imaging::make_head(options, patient);
  const auto exam = imaging::plan_exam(site, protocol);
  std::vector<Volume> images;
  std::size_t reference = 0;  // the labels lie on the grid of T1ce, where surgeons look
  for (std::size_t n = 0; n < exam.size(); ++n) {
    if (site.protocol[n].name == "T1ce") reference = n;
    images.push_back(imaging::acquire(head, exam[n], protocol));
  }
  const LabelMap truth = imaging::truth_on_grid(head, exam[reference].grid);

  PhantomCase result;
  result.name = case_name(site, job);
  result.split = job.split;
  result.folder = request.output / site.name / job.split / result.name;
  result.low_grade = options.tumour.low_grade;
  const auto& s = truth.geometry.spacing_mm;
  const double voxel_ml = s[0] * s[1] * s[2] / 1000;
  for (const Label label : truth.labels) {
    if (label == imaging::kNecrotic) result.necrotic_ml += voxel_ml;
    if (label == imaging::kOedema) result.oedema_ml += voxel_ml;
    if (label == imaging::kEnhancing) result.enhancing_ml += voxel_ml;
  }
  if (site.delivery == Delivery::kDicom) {
    const auto study =
        imaging::describe_study(site, result.name, job.number, request.seed, options.atrophy, rng.fork("identity"));
    write_dicom_case(site, result, images, truth, exam, study);
  } else {
    write_nifti_case(site, result, images, truth);
  }
  return result;
}

}  // namespace

PhantomReport write_phantom_sites(const PhantomRequest& request) {
  require(!request.profiles.empty(), ErrorCode::kUsage, "no site profile was given");
  require(std::isfinite(request.scale) && request.scale > 0, ErrorCode::kUsage,
          "scale: expected a number above 0, found " + std::to_string(request.scale));
  std::vector<SiteProfile> sites;
  PhantomReport report;
  std::vector<Job> jobs;
  std::set<std::string> names;
  for (const fs::path& file : request.profiles) {
    SiteProfile site = imaging::read_site_profile(file);
    require(names.insert(site.name).second, ErrorCode::kUsage,
            file.filename().string() + ": another profile has the name \"" + site.name + "\" too");
    site.scale *= request.scale;
    if (request.delivery) site.delivery = *request.delivery;
    if (request.cases) site.cases = *request.cases;
    if (request.held_out_cases) site.held_out_cases = *request.held_out_cases;
    require(site.cases >= 0 && site.held_out_cases >= 0 && site.cases + site.held_out_cases > 0, ErrorCode::kUsage,
            site.name + ": there is no case to make");
    for (int n = 1; n <= site.cases; ++n) jobs.push_back({sites.size(), "train", n});
    for (int n = 1; n <= site.held_out_cases; ++n) jobs.push_back({sites.size(), "test", site.cases + n});
    report.sites.push_back({site.name, site.delivery, {}});
    sites.push_back(std::move(site));
  }
  make_folder(request.output);  // before the work, not after the first minute of it
  std::vector<PhantomCase> cases(jobs.size());
  Progress progress("making patients", jobs.size());
  std::mutex guard;
  parallel_for(jobs.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      cases[n] = write_case(sites[jobs[n].site], jobs[n], request);
      const std::lock_guard lock(guard);
      progress.advance(1, cases[n].name);
    }
  });
  progress.finish();
  for (std::size_t n = 0; n < jobs.size(); ++n) report.sites[jobs[n].site].cases.push_back(std::move(cases[n]));
  return report;
}

Json to_json(const PhantomReport& report) {
  Json json{{"schema", "consilium.phantom/1"},
            {"labels", {{"1", "necrotic or non-enhancing core"}, {"2", "oedema"}, {"3", "enhancing tumour"}}},
            {"sites", Json::array()}};
  for (const PhantomSite& site : report.sites) {
    Json cases = Json::array();
    for (const PhantomCase& c : site.cases)
      cases.push_back({{"case", c.name},
                       {"split", c.split},
                       {"low_grade", c.low_grade},
                       {"necrotic_ml", c.necrotic_ml},
                       {"oedema_ml", c.oedema_ml},
                       {"enhancing_ml", c.enhancing_ml}});
    json["sites"].push_back({{"name", site.name}, {"delivery", imaging::to_string(site.delivery)}, {"cases", cases}});
  }
  return json;
}

}  // namespace consilium::pipelines
