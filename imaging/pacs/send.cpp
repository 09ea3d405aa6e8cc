#include "imaging/pacs/send.h"

#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "base/error.h"
#include "imaging/pacs/association.h"

namespace consilium::imaging {
namespace {

namespace fs = std::filesystem;

/// Two contexts stay free for the second encoding of plain objects.
constexpr std::size_t kMostKinds = 120;

struct Kind {
  std::string sop_class, transfer_syntax;
  auto operator<=>(const Kind&) const = default;
  bool is_plain() const {
    return transfer_syntax == UID_LittleEndianExplicitTransferSyntax || transfer_syntax == UID_LittleEndianImplicitTransferSyntax || transfer_syntax == UID_BigEndianExplicitTransferSyntax;
  }
};

struct Job {
  std::size_t index;
  Kind kind;
};

Kind kind_of(const fs::path& file) {
  DcmFileFormat format;
  require(format.loadFileUntilTag(file.c_str(), EXS_Unknown, EGL_noChange, 4096, ERM_autoDetect, DCM_StudyDate).good(), ErrorCode::kCorruptData, "not a DICOM file, or damaged");
  OFString sop_class, instance;
  format.getDataset()->findAndGetOFString(DCM_SOPClassUID, sop_class);
  format.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, instance);
  require(!sop_class.empty() && !instance.empty(), ErrorCode::kCorruptData, "no SOP Class or Instance UID: not an object that can be sent");
  return {sop_class.c_str(), DcmXfer(format.getDataset()->getOriginalXfer()).getXferID()};
}

void offer_kinds(Association& association, const std::vector<Kind>& kinds) {
  for (const Kind& kind : kinds) {
    if (kind.is_plain()) {
      association.offer(kind.sop_class, {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax, UID_BigEndianExplicitTransferSyntax});
    } else {
      association.offer(kind.sop_class, {kind.transfer_syntax});
    }
  }
}

T_ASC_PresentationContextID context_for(Association& association, const Kind& kind) {
  if (!kind.is_plain()) return association.context_of(kind.sop_class, kind.transfer_syntax);
  for (const char* syntax : {kind.transfer_syntax.c_str(), UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax, UID_BigEndianExplicitTransferSyntax})
    if (const auto id = association.findPresentationContextID(kind.sop_class.c_str(), syntax); id != 0) return id;
  return association.context_of(kind.sop_class, kind.transfer_syntax);  // says what is missing
}

bool is_busy(unsigned status) { return (status & 0xFF00) == 0xA700; }

/// Sends on one association until it breaks; removes what is settled from `jobs`.
class Batch {
 public:
  Batch(const PacsPeer& peer, const std::vector<fs::path>& files, std::vector<SentFile>& results, const SendOptions& options) : peer_(peer), files_(files), results_(results), options_(options) {}

  void run(std::vector<Job> jobs) {
    for (int attempt = 1;; ++attempt) {
      const std::size_t before = jobs.size();
      const std::string broken = over_one_association(jobs);
      if (jobs.empty()) return;
      if (jobs.size() < before) attempt = 1;  // it got on: a weak link may break often
      if (attempt >= options_.attempts) {
        require(was_open_, ErrorCode::kUnreachable, broken);
        for (const Job& job : jobs) results_[job.index].problem = broken;
        return;
      }
      wait(attempt);
    }
  }

 private:
  static void wait(int attempt) { std::this_thread::sleep_for(std::chrono::seconds(1 << std::min(attempt - 1, 4))); }

  std::string over_one_association(std::vector<Job>& jobs) {
    std::vector<Kind> kinds;
    for (const Job& job : jobs) kinds.push_back(job.kind);
    std::sort(kinds.begin(), kinds.end());
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    Association association(peer_);
    offer_kinds(association, kinds);
    association.setDatasetConversionMode(OFTrue);  // between plain encodings
    try {
      association.open();
      was_open_ = true;
      while (!jobs.empty()) {
        send_one(association, jobs.front());
        jobs.erase(jobs.begin());
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnreachable) throw;
      return error.what();
    }
    return "";
  }

  void send_one(Association& association, const Job& job) {
    std::string& problem = results_[job.index].problem;
    T_ASC_PresentationContextID context = 0;
    try {
      context = context_for(association, job.kind);
    } catch (const Error& error) {
      problem = error.what();
      return;
    }
    Uint16 status = 0;
    for (int attempt = 1; attempt <= options_.attempts; ++attempt) {
      if (attempt > 1) wait(attempt - 1);
      association.require_good(association.sendSTORERequest(context, files_[job.index].c_str(), nullptr, status), "no answer to C-STORE");
      if (!is_busy(status)) break;
    }
    const bool stored = status == 0 || (status & 0xF000) == 0xB000;
    problem = stored ? "" : "the peer answers with status " + status_text(status);
  }

  const PacsPeer& peer_;
  const std::vector<fs::path>& files_;
  std::vector<SentFile>& results_;
  const SendOptions& options_;
  bool was_open_ = false;  ///< once at least
};

}  // namespace

std::vector<SentFile> send(const PacsPeer& peer, const std::vector<fs::path>& files, const SendOptions& options) {
  std::vector<SentFile> results(files.size());
  std::map<Kind, std::vector<Job>> by_kind;
  for (std::size_t n = 0; n < files.size(); ++n) {
    results[n].file = files[n];
    try {
      const Kind kind = kind_of(files[n]);
      by_kind[kind].push_back({n, kind});
    } catch (const Error& error) {  // the others are sent all the same
      results[n].problem = error.what();
    }
  }
  Batch batch(peer, files, results, options);
  while (!by_kind.empty()) {
    std::vector<Job> jobs;
    for (std::size_t kinds = 0; kinds < kMostKinds && !by_kind.empty(); ++kinds) {
      auto first = by_kind.extract(by_kind.begin());
      jobs.insert(jobs.end(), first.mapped().begin(), first.mapped().end());
    }
    std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.index < b.index; });
    batch.run(std::move(jobs));
  }
  return results;
}

}  // namespace consilium::imaging
