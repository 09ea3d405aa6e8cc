#include "imaging/pacs/arrivals.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/files.h"
#include "base/open_file.h"

namespace consilium::imaging {
namespace {

constexpr const char* kIncoming = ".incoming";

/// Digits and dots, at most 64: nothing that leads out of a folder.
bool is_uid(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::isdigit(static_cast<unsigned char>(text[0])) != 0 && text.find("..") == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

struct Names {
  std::string study, series, instance;
};

Names names_of(const fs::path& file) {
  DcmFileFormat format;
  // The first groups say where it belongs; a damaged length is not believed.
  require(format.loadFileUntilTag(file.c_str(), EXS_Unknown, EGL_noChange, 4096, ERM_autoDetect, DCM_ImagePositionPatient).good(), ErrorCode::kCorruptData, "the object cannot be read");
  const auto uid = [&](const DcmTagKey& tag) {
    OFString value;
    format.getDataset()->findAndGetOFString(tag, value);
    const std::string text(value.c_str());
    require(is_uid(text), ErrorCode::kCorruptData, "the object has no valid Study, Series or SOP Instance UID");
    return text;
  };
  return {uid(DCM_StudyInstanceUID), uid(DCM_SeriesInstanceUID), uid(DCM_SOPInstanceUID)};
}

struct RemoveFile {
  fs::path path;
  ~RemoveFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

bool has_same_bytes(const fs::path& one, const fs::path& other) {
  std::error_code status;
  if (fs::file_size(one, status) != fs::file_size(other, status) || status) return false;
  return read_file(one, std::uint64_t{1} << 33) == read_file(other, std::uint64_t{1} << 33);
}

}  // namespace

Arrivals::Arrivals(fs::path folder, std::uint64_t least_free_bytes) : folder_(std::move(folder)), least_free_bytes_(least_free_bytes) { make_folder(folder_ / kIncoming); }

bool Arrivals::has_room() const {
  std::error_code status;
  const fs::space_info space = fs::space(folder_, status);
  return !status && space.available >= least_free_bytes_;
}

fs::path Arrivals::new_file() { return folder_ / kIncoming / (std::to_string(::getpid()) + "-" + std::to_string(serial_++) + ".dcm"); }

Arrived Arrivals::take(const fs::path& file, const std::string& announced) {
  const RemoveFile remove{file};
  const Names names = names_of(file);
  require(names.instance == announced, ErrorCode::kCorruptData, "the object is another than announced");
  const fs::path target = folder_ / names.study / names.series / (names.instance + ".dcm");
  make_folder(target.parent_path());
  OpenFile(file, false).sync();
  // A link, unlike a renaming, never replaces what is there.
  if (::link(file.c_str(), target.c_str()) == 0) return {Arrival::kStored, target};
  require(errno == EEXIST, ErrorCode::kCannotWrite, "an object cannot be written");
  require(has_same_bytes(file, target), ErrorCode::kMismatch, "another object of its SOP Instance UID is there");
  return {Arrival::kKnown, target};
}

Arrived Arrivals::take(DcmDataset& data_set, const std::string& announced) {
  const fs::path file = new_file();
  const RemoveFile remove{file};
  DcmFileFormat format(&data_set, OFFalse);
  const OFCondition outcome = format.saveFile(file.c_str(), data_set.getOriginalXfer(), EET_UndefinedLength, EGL_withoutGL);
  format.getAndRemoveDataset();  // it is the caller's
  require(outcome.good(), ErrorCode::kCannotWrite, "an object cannot be written");
  return take(file, announced);
}

void remove_leftovers(const fs::path& folder) {
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder / kIncoming, status)) {
    const std::string name = entry.path().filename().string();
    pid_t process = 0;
    const auto [end, parsed] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (parsed == std::errc() && (::kill(process, 0) == 0 || errno != ESRCH)) continue;
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
  fs::remove(folder / kIncoming, status);  // only when it is empty
}

}  // namespace consilium::imaging
