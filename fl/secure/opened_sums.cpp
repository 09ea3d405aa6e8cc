#include "fl/secure/opened_sums.h"

#include "base/error.h"
#include "base/files.h"
#include "base/settings.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kKept = 64;  // rounds; a coordinator never goes back further than one

}  // namespace

OpenedSums::OpenedSums(std::filesystem::path file, Durability durability) : file_(std::move(file)), durability_(durability) {
  if (!fs::exists(file_)) return;
  const Json json = parse_json(read_file(file_, 64 << 20), file_.string(), ErrorCode::kCorruptData);
  try {
    forgotten_ = json.at("forgotten").get<std::int64_t>();
    for (const Json& sum : json.at("opened")) sums_[sum.at("round").get<std::int64_t>()] = sum.at("sites").get<std::vector<std::string>>();
  } catch (const Json::exception&) {  // the adapter: of another form
    throw Error(ErrorCode::kCorruptData, file_.string() + ": is damaged; it keeps this site's updates from being told apart, so restore it, or take part again with a new folder");
  }
}

std::vector<std::string> OpenedSums::of_round(std::int64_t round) const {
  require(round > forgotten_, ErrorCode::kRefused, "round " + std::to_string(round + 1) + " was over long ago: its sum is not opened again");
  const auto found = sums_.find(round);
  return found == sums_.end() ? std::vector<std::string>() : found->second;
}

void OpenedSums::open(std::int64_t round, const std::vector<std::string>& sites) {
  const std::vector<std::string> before = of_round(round);
  require(before.empty() || before == sites, ErrorCode::kRefused, "this site has helped to open another sum of round " + std::to_string(round + 1) + " before: the two would tell the difference");
  if (before == sites) return;
  sums_[round] = sites;
  for (; sums_.size() > kKept; sums_.erase(sums_.begin())) forgotten_ = std::max(forgotten_, sums_.begin()->first);
  Json json{{"schema", "consilium.opened/1"}, {"forgotten", forgotten_}, {"opened", Json::array()}};
  for (const auto& [number, names] : sums_) json["opened"].push_back({{"round", number}, {"sites", names}});
  write_file(file_, json.dump() + "\n", durability_);
}

}  // namespace consilium::fl
