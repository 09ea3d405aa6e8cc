#include "fl/round.h"

#include <string_view>

namespace consilium::fl {

const std::vector<std::pair<std::string, Participation>>& participation_words() {
  static const std::vector<std::pair<std::string, Participation>> words{
      {"accepted", Participation::kAccepted}, {"rejected", Participation::kRejected}, {"late", Participation::kLate}, {"merged", Participation::kMerged}, {"not asked", Participation::kNotAsked}};
  return words;
}

std::string_view to_string(Participation participation) {
  for (const auto& [word, value] : participation_words())
    if (value == participation) return word;
  return "late";
}

}  // namespace consilium::fl
