#include "fl/peers/message.h"

namespace consilium::fl {
namespace {

std::uint64_t value_bytes(const SharedModel& model) {
  std::uint64_t values = 0;
  if (model)
    for (const NamedTensor& tensor : model->tensors) values += tensor.values.size();
  return values * sizeof(float);
}

}  // namespace

std::string_view to_string(PeerMessageKind kind) {
  switch (kind) {
    case PeerMessageKind::kAlive: return "alive";
    case PeerMessageKind::kAck: return "ack";
    case PeerMessageKind::kReady: return "ready";
    case PeerMessageKind::kForm: return "form";
    case PeerMessageKind::kPiece: return "piece";
    case PeerMessageKind::kProposal: return "proposal";
    case PeerMessageKind::kAccepted: return "accepted";
    case PeerMessageKind::kAsk: return "ask";
    case PeerMessageKind::kState: return "state";
    case PeerMessageKind::kModel: return "model";
    case PeerMessageKind::kToken: return "token";
  }
  return "alive";
}

std::uint64_t weight_bytes(const PeerMessage& message) {
  std::uint64_t bytes = value_bytes(message.delta);
  for (const SharedModel& model : message.weights) bytes += value_bytes(model);
  return bytes;
}

}  // namespace consilium::fl
