#include "fl/transport/tensorboard_file.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "fl/wire/tensorboard.h"

namespace consilium::fl {

void TensorboardFile::add(const Event& event) {
  const auto take = [&](const char* name, const std::string& tag) {
    if (const auto found = event.numbers.find(name); found != event.numbers.end()) scalars_[tag] = found->second;
  };
  if (event.kind == EventKind::kRoundOpened) scalars_.clear();
  if (event.kind == EventKind::kUpdateAccepted) {
    take("loss", "loss/" + event.site);
    take("validation", "validation/" + event.site);
    take("seconds", "seconds/" + event.site);
    take("bytes", "upload_bytes/" + event.site);
  }
  if (event.kind != EventKind::kRoundClosed) return;
  take("validation", "validation/mean");
  take("seconds", "round/seconds");
  for (const char* outcome : {"accepted", "rejected", "late"}) take(outcome, std::string("round/") + outcome);
  take("bytes_in", "bytes/in");
  take("bytes_out", "bytes/out");
  if (!file_.is_open()) {
    make_folder(folder_ / "tensorboard");
    // TensorBoard reads the files of a folder in the order of their names.
    file_.open(folder_ / "tensorboard" / fmt::format("events.out.tfevents.{:010d}.{:03d}.consilium", static_cast<std::int64_t>(event.time), static_cast<int>(1000 * (event.time - std::floor(event.time)))), std::ios::binary | std::ios::app);
    write(tfrecord(encode_tensorboard_version(event.time)));
  }
  write(tfrecord(encode_tensorboard_scalars(event.time, event.round, scalars_)));
  scalars_.clear();
}

void TensorboardFile::write(const std::string& record) {
  file_.write(record.data(), static_cast<std::streamsize>(record.size())).flush();
  require(file_.good(), ErrorCode::kCannotWrite, (folder_ / "tensorboard").string() + ": an event file cannot be written");
}

}  // namespace consilium::fl
