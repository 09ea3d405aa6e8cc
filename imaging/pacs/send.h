#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "imaging/pacs/peer.h"

namespace consilium::imaging {

struct SendOptions {
  int attempts = 4;  ///< per object that the peer has no room for now (0xA7xx), and per association that breaks; waits 1, 2, 4 s
};

struct SentFile {
  std::filesystem::path file;
  std::string problem;  ///< empty: the peer has it
};

/// C-STORE of files in their own encoding, over as few associations as their kinds allow. Objects in plain encodings are offered
/// in all of them.
/// @throws Error{kUnreachable}, Error{kRefused} nothing could be sent at all; what fails alone is a SentFile::problem.
/// Source: DICOM PS3.4 annex B.
std::vector<SentFile> send(const PacsPeer& peer, const std::vector<std::filesystem::path>& files, const SendOptions& options = {});

}  // namespace consilium::imaging
