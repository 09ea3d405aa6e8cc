#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "imaging/pacs/peer.h"

namespace consilium::imaging {

enum class QueryLevel { kStudy, kSeries, kImage };

/// What to look for: attributes by keyword ("PatientID") and value, with DICOM's wildcards and ranges ("DOE*", "20200101-20201231").
struct PacsQuery {
  QueryLevel level = QueryLevel::kStudy;
  std::vector<std::pair<std::string, std::string>> keys;
};

/// One match: value by keyword, in UTF-8; what the peer does not know is absent. It names patients: not for logs.
using PacsMatch = std::map<std::string, std::string>;

struct FindOptions {
  std::size_t most_matches = 10000;  ///< then the query is cancelled
};

struct FoundMatches {
  std::vector<PacsMatch> matches;
  bool is_complete = true;  ///< false when there were more than FindOptions::most_matches
};

/// C-ECHO: does the peer answer? @throws Error{kUnreachable}, Error{kRefused}
/// Source: DICOM PS3.4 annex A.
void echo(const PacsPeer& peer);

/// C-FIND in the Study Root model.
/// @throws Error{kUsage} an unknown keyword; Error{kUnreachable}; Error{kRefused}; Error{kUnsupported} the peer's failure status.
/// Source: DICOM PS3.4 C.4.1.
FoundMatches find(const PacsPeer& peer, const PacsQuery& query, const FindOptions& options = {});

}  // namespace consilium::imaging
