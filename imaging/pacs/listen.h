#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "imaging/pacs/peer.h"

namespace consilium::imaging {

struct ListenOptions {
  std::string title = "CONSILIUM";          ///< ours: others must call it
  std::string address = "0.0.0.0";          ///< IPv4 address to listen at
  std::uint16_t port = 11112;               ///< the one registered for DICOM without root; 0: any free one
  std::vector<std::string> allowed;         ///< who may call: "TITLE" or "TITLE@ADDRESS"; nobody when empty
  bool allow_any = false;                   ///< everybody may call; for networks of one's own
  std::optional<PacsTls> tls;
  std::size_t most_associations = 8;        ///< at once; who comes later waits in the system's queue
  int timeout_seconds = 30;                 ///< until an association is asked for and granted; then for each message of it
  std::uint64_t most_bytes = 8ULL << 30;    ///< of one object; what goes on longer is cut off
  std::uint64_t least_free_bytes = 1ULL << 30;  ///< with less free, objects are refused (0xA700) before the disk is full
};

enum class ListenEventKind { kListening, kStored, kKnown, kRefused, kTurnedAway, kBroken };

struct ListenEvent {
  ListenEventKind kind;
  std::string title;   ///< of the caller, as it says
  std::string detail;  ///< path of the file below the folder (stored, known), why (refused, turned away, broken), the port (listening)
};

/// "stored", "known", "refused", "turned away", "broken", "listening".
std::string to_string(ListenEventKind kind);

/// Receives objects (C-STORE) of the callers on the list into a folder: STUDY/SERIES/INSTANCE.dcm, complete and on the disk before the
/// caller hears of success; nothing is replaced. Answers C-ECHO. Ends in order when `stop` becomes true.
///
/// Each association has a process of its own, so that one that hangs, lies or crashes costs the others nothing. Call it from a
/// process without other threads.
/// @throws Error{kUsage}; Error{kCannotWrite} the port is taken, or the folder cannot be written.
/// Source: DICOM PS3.4 annex B; PS3.8 (upper layer).
void listen(const std::filesystem::path& folder, const ListenOptions& options, const std::function<void(const ListenEvent&)>& on_event, const std::atomic<bool>* stop);

}  // namespace consilium::imaging
