#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/settings.h"
#include "imaging/deidentify/deidentify.h"

namespace consilium::pipelines {

struct DeidentifyScansOptions {
  imaging::DeidentifyOptions profile;
  bool refuse_burned_in = false;  ///< do not write images that say or suggest that names are in their pixels
  bool deface = false;            ///< remove the face from MR and CT of heads; images whose face is not found are not written
  std::filesystem::path review = {};  ///< folder for pictures before and after, apart from the results: they show faces
  bool overwrite = false;
};

/// What became of each file. Files are told apart by their number in the order of paths: paths often hold names.
struct DeidentifyReport {
  struct Written {
    std::size_t number;            ///< of the input, from 1
    std::filesystem::path output;  ///< below the folder of results
    imaging::DeidentifiedFile file;  ///< without its bytes
  };
  struct Failed {
    std::size_t number;
    ErrorCode code;
    std::string reason;
  };
  std::vector<Written> written;
  std::vector<Failed> failed;
  std::size_t other_files = 0;  ///< that are not DICOM
  imaging::DeidentifyOptions profile;
};

/// De-identifies the DICOM files below a folder (or one file) on thread_limit() threads, into
/// `output`/patient/study/series/instance.dcm, all of them new names.
/// @throws Error{kNotFound} no such input; Error{kMismatch} the results would lie within the input, or the pictures among the results.
DeidentifyReport deidentify_scans(const std::filesystem::path& input, const std::filesystem::path& output, const imaging::Pseudonyms& pseudonyms,
                                  const DeidentifyScansOptions& options = {});

/// "consilium.deidentify/1". Without values of the originals, and without their names and paths.
Json to_json(const DeidentifyReport& report);

}  // namespace consilium::pipelines
