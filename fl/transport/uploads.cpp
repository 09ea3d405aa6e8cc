#include "fl/transport/uploads.h"

#include "base/error.h"
#include "base/files.h"
#include "fl/compress/delta.h"
#include "fl/ledger/commitment.h"

namespace consilium::fl {
namespace {

/// The file is named after the site.
std::string update_of(const fs::path& path) { return "update of site \"" + path.stem().string() + "\""; }

/// The update in float32, beside it.
fs::path decoded_file(const fs::path& path, Codec codec, const ModelState& global) {
  const DeltaDecoder decoder(ByteSource::of_file(path), global, update_of(path));
  require(decoder.codec() == codec, ErrorCode::kCorruptData, update_of(path) + ": is not written with the codec that its offer names");
  std::vector<const NamedTensor*> tensors;
  for (std::size_t n = 0; n < decoder.size(); ++n) tensors.push_back(&decoder.target(n));
  const fs::path plain = fs::path(path).replace_extension(".decoded");
  write_safetensors_one_by_one(plain, tensors, [&](std::size_t n) { return decoder.decode(n); });
  return plain;
}

}  // namespace

Upload::Upload(fs::path path, Offer offer) : path_(std::move(path)), update_(std::move(offer.update)), codec_(offer.codec), chunks_(path_, std::move(offer.delta)) {
  if (!update_.nonce.empty()) update_.commitment = commitment(update_.nonce, update_, chunks_.list(), codec_);
}

std::vector<std::uint64_t> Upload::missing() const {
  const std::lock_guard lock(guard_);
  return chunks_.missing();
}

void Upload::add(const pb::Chunk& chunk) {
  const std::lock_guard lock(guard_);
  chunks_.add(chunk.sha256(), chunk.data());
}

bool Upload::is_whole(const ChunkList& list) const {
  const std::lock_guard lock(guard_);
  return chunks_.is_complete() && chunks_.list() == list;
}

Update Upload::finished(Codec agreed, const ModelState& global) const {
  const std::lock_guard lock(guard_);
  require(chunks_.is_complete(), ErrorCode::kMismatch, "chunks are missing");
  Update update = update_;
  if (chunks_.list().size_bytes == 0) return update;
  require(codec_ == Codec::kNone || codec_ == agreed, ErrorCode::kMismatch, update_of(path_) + ": is written with codec " + std::string(to_string(codec_)) + ", the plan's is " + std::string(to_string(agreed)));
  const fs::path plain = codec_ == Codec::kNone ? path_ : decoded_file(path_, codec_, global);
  update.delta_file = std::make_shared<const SafetensorsFile>(plain, update_of(path_));
  note_bytes(update, chunks_.list().size_bytes, fs::file_size(plain));
  if (plain != path_) fs::remove(plain);  // it stays open
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

fs::path Uploads::keep(const std::string& site) {
  const fs::path kept = folder_ / (site + ".kept");
  std::error_code failed;
  fs::rename(folder_ / (site + ".part"), kept, failed);
  require(!failed, ErrorCode::kCannotWrite, kept.string() + ": " + failed.message());
  open_.erase(site);
  return kept;
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
