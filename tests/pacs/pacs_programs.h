#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/settings.h"
#include "tests/support/dicom_files.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"
#include "tests/support/program.h"

namespace consilium::test {

inline int free_port() { return free_ports(1); }

/// A TCP connection to a port of this machine; -1 when nobody listens.
inline int connect_to(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return connection;
  close(connection);
  return -1;
}

inline bool listens(int port) {
  const int connection = connect_to(port);
  if (connection >= 0) close(connection);
  return connection >= 0;
}

inline Outcome pacs(std::vector<std::string> words) {
  words.insert(words.begin(), {consilium_program(), "pacs"});
  return run_program(words);
}

/// consilium pacs listen, from the time when it listens; ended in order with its scope.
class ListeningConsilium {
 public:
  explicit ListeningConsilium(std::vector<std::string> more = {"--allow-any"}) {
    std::vector<std::string> words{consilium_program(), "pacs", "listen", "--json", "--address", "127.0.0.1", "--port", std::to_string(port), "-o", folder().string()};
    if (std::find(more.begin(), more.end(), "--least-free-mb") == more.end()) more.insert(more.end(), {"--least-free-mb", "1"});
    words.insert(words.end(), more.begin(), more.end());
    process = std::make_unique<Process>(words);
    EXPECT_TRUE(wait_until([&] { return process->out().find("listening") != std::string::npos || !process->running(); })) << process->err();
    EXPECT_TRUE(process->running()) << process->err();
  }
  ~ListeningConsilium() { stop(); }

  int stop() {
    process->signal(SIGTERM);
    return process->wait(20);
  }
  fs::path folder() const { return folder_.path() / "incoming"; }
  std::string peer() const { return "CONSILIUM@127.0.0.1:" + std::to_string(port); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder()))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }

  int port = free_port();
  std::unique_ptr<Process> process;

 private:
  TemporaryFolder folder_;
};

/// A series of small MR images.
inline std::vector<fs::path> write_series(const fs::path& folder, int count = 3, const std::string& patient = "4711") {
  std::vector<fs::path> files;
  for (int n = 1; n <= count; ++n) {
    files.push_back(folder / (std::to_string(n) + ".dcm"));
    write_dicom(files.back(), {.number = n, .z_mm = 2.0 * n, .attributes = {{DCM_PatientID, patient}, {DCM_PatientName, "Test^Patient"}, {DCM_StudyDate, "20200102"}, {DCM_SeriesDescription, "t1"}}});
  }
  return files;
}

/// The same image: identity and pixels.
inline void expect_same_image(const fs::path& one, const fs::path& other) {
  DcmFileFormat a, b;
  ASSERT_TRUE(a.loadFile(one.c_str()).good() && b.loadFile(other.c_str()).good());
  OFString uid_a, uid_b;
  a.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, uid_a);
  b.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, uid_b);
  EXPECT_EQ(uid_a, uid_b);
  const Uint16 *pixels_a = nullptr, *pixels_b = nullptr;
  unsigned long count_a = 0, count_b = 0;
  a.getDataset()->findAndGetUint16Array(DCM_PixelData, pixels_a, &count_a);
  b.getDataset()->findAndGetUint16Array(DCM_PixelData, pixels_b, &count_b);
  ASSERT_EQ(count_a, count_b);
  EXPECT_TRUE(std::equal(pixels_a, pixels_a + count_a, pixels_b));
}

}  // namespace consilium::test
