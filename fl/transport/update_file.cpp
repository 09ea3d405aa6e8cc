#include "fl/transport/update_file.h"

#include "base/files.h"
#include "consilium/fl/v1/federation.pb.h"
#include "fl/wire/messages.h"
#include "models/state/safetensors.h"

namespace consilium::fl {

std::optional<UpdateFile::Prepared> UpdateFile::load(const RoundPlan& plan) const {
  if (!fs::exists(offer_)) return std::nullopt;
  pb::UpdateOffer message;
  if (!message.ParseFromString(read_file(offer_, 64 << 20))) return std::nullopt;
  Offer offer = from_message(message, kMostBytes);
  if (offer.update.round != plan.round || offer.update.base_digest != plan.base_digest || !fs::exists(file_of(offer.codec))) return std::nullopt;
  FileChunks delta = chunks_of_file(file_of(offer.codec));
  if (!(delta.list == offer.delta)) return std::nullopt;  // a kill between the two files
  return Prepared{std::move(offer.update), offer.codec, std::move(delta)};
}

UpdateFile::Prepared UpdateFile::save(Update update, const RoundPlan& plan, const std::optional<std::string>& compressed) const {
  // Hashed when they are read after a kill, and made again by training if the machine died: no round waits for the disk.
  const Codec codec = compressed ? plan.compression.codec : Codec::kNone;
  ChunkList list;
  if (compressed) {
    list = chunk_list(*compressed);
    write_file(compressed_, *compressed, Durability::kKill);
  } else if (update.delta.tensors.empty()) {
    write_file(plain_, "", Durability::kKill);
  } else {
    list = chunk_list(update.delta);
    write_safetensors(plain_, update.delta, {}, Durability::kKill);
  }
  update.delta = {};
  Prepared prepared{std::move(update), codec, {OpenFile(file_of(codec), false), std::move(list)}};
  write_file(offer_, to_message(prepared.update, prepared.delta.list, codec).SerializeAsString(), Durability::kKill);
  return prepared;
}

}  // namespace consilium::fl
