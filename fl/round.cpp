#include "fl/round.h"

#include <string_view>

namespace consilium::fl {

std::string_view to_string(Participation participation) {
  switch (participation) {
    case Participation::kAccepted: return "accepted";
    case Participation::kRejected: return "rejected";
    case Participation::kLate: return "late";
    case Participation::kMerged: return "merged";
    case Participation::kNotAsked: return "not asked";
  }
  return "late";
}

}  // namespace consilium::fl
