#include "fl/transport/uploads.h"

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {

Upload::Upload(fs::path path, Offer offer) : path_(std::move(path)), update_(std::move(offer.update)), chunks_(path_, std::move(offer.delta)) {}

std::vector<std::uint64_t> Upload::missing() const {
  const std::lock_guard lock(guard_);
  return chunks_.missing();
}

void Upload::add(const pb::Chunk& chunk) {
  const std::lock_guard lock(guard_);
  chunks_.add(chunk.sha256(), chunk.data());
}

Update Upload::finished() const {
  const std::lock_guard lock(guard_);
  require(chunks_.is_complete(), ErrorCode::kMismatch, "chunks are missing");
  Update update = update_;
  if (chunks_.list().size_bytes > 0) update.delta_file = std::make_shared<const SafetensorsFile>(path_);
  return update;
}

Uploads::Uploads(fs::path folder) : folder_(std::move(folder)) {
  make_folder(folder_);
  // What an earlier coordinator had accepted in the round that is open again counts as having come.
  for (const auto& entry : fs::directory_iterator(folder_))
    if (entry.path().extension() == ".accepted") fs::rename(entry.path(), fs::path(entry.path()).replace_extension(".part"));
}

std::shared_ptr<Upload> Uploads::offer(const std::string& site, Offer offer) {
  std::shared_ptr<Upload>& open = open_[site];
  if (!open || !open->continues(offer)) {
    // A stream of the old offer may still be writing: into a file that nobody reads.
    if (open) {
      std::error_code ignored;
      fs::remove(open->path(), ignored);
    }
    open.reset();
    open = std::make_shared<Upload>(folder_ / (site + ".part"), std::move(offer));
  }
  return open;
}

std::shared_ptr<Upload> Uploads::find(const std::string& site) const {
  const auto found = open_.find(site);
  require(found != open_.end() && found->second, ErrorCode::kMismatch, "there is no offered update");
  return found->second;
}

void Uploads::accept(const std::string& site) {
  std::error_code ignored;  // only a restart would miss it
  fs::rename(folder_ / (site + ".part"), folder_ / (site + ".accepted"), ignored);
  open_.erase(site);
}

void Uploads::drop(const std::string& site) {
  std::error_code ignored;
  fs::remove(folder_ / (site + ".part"), ignored);
  open_.erase(site);
}

void Uploads::clear() {
  open_.clear();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) fs::remove(entry.path(), ignored);
}

}  // namespace consilium::fl
