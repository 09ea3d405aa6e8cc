#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fl/ledger/verify.h"

namespace consilium::pipelines {

struct VerifyRequest {
  std::filesystem::path ledger;              ///< a run's folder, a site's, or a ledger's file
  std::vector<std::filesystem::path> heads;  ///< what sites have kept: heads.jsonl, or their folders
  std::filesystem::path keys;                ///< ca.crt, or the folder that holds it; empty: unknown
  std::uint64_t witnesses = 0;               ///< sites that must have co-signed the newest head
  std::filesystem::path copy;                ///< where the ledger is written as a file; empty: nowhere
};

/// Folders below `run` that hold a run.sqlite: the run's own, or those of a simulation's federations. @throws Error{kNotFound}
std::vector<std::filesystem::path> ledger_folders(const std::filesystem::path& run);

/// A ledger where it lies; what the run's folder says is compared if there is one. A site's folder also brings the heads that it kept.
/// @throws Error{kNotFound}, Error{kCorruptData}, Error{kUsage}
fl::LedgerVerdict verify_ledger(const VerifyRequest& request);

/// For people.
std::string verdict_text(const fl::LedgerVerdict& verdict);

}  // namespace consilium::pipelines
