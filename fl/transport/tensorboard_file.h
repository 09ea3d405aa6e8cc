#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "fl/event.h"

namespace consilium::fl {

/// FOLDER/tensorboard/events.out.tfevents.SECONDS.consilium: what `tensorboard --logdir FOLDER/tensorboard` draws, one step a round.
///
/// Tags: validation/mean, round/seconds, round/accepted, round/rejected, round/late, bytes/in, bytes/out, and of every site with an accepted update
/// loss/SITE, validation/SITE, seconds/SITE, upload_bytes/SITE. A coordinator that goes on begins another file, as TensorBoard expects.
class TensorboardFile {
 public:
  /// The file is made when the first round closes.
  explicit TensorboardFile(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What happened, as Observer::on_event tells it. @throws Error{kCannotWrite}
  void add(const Event& event);

 private:
  void write(const std::string& record);

  std::filesystem::path folder_;
  std::ofstream file_;
  std::map<std::string, double> scalars_;  ///< of the open round
};

}  // namespace consilium::fl
