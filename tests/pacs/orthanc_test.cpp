#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/pacs/pacs_programs.h"

namespace consilium {
namespace {

using test::expect_same_image;
using test::ListeningConsilium;
using test::pacs;
using testing::HasSubstr;

constexpr const char* kOrthanc = "/usr/sbin/Orthanc";

/// Orthanc with an empty store, on loopback ports of its own; gone with its scope, and its files too.
class Orthanc {
 public:
  explicit Orthanc(int destination_port) {
    const Json settings{{"Name", "test"},
                        {"StorageDirectory", (folder_.path() / "store").string()},
                        {"IndexDirectory", (folder_.path() / "store").string()},
                        {"DicomAet", "ORTHANC"},
                        {"DicomPort", port},
                        {"HttpServerEnabled", false},
                        {"DicomAlwaysAllowEcho", true},
                        {"DicomAlwaysAllowStore", true},
                        {"DicomAlwaysAllowFind", true},
                        {"DicomAlwaysAllowGet", true},
                        {"DicomAlwaysAllowMove", true},
                        {"DicomModalities", {{"consilium", {"CONSILIUM", "127.0.0.1", destination_port}}}},
                        {"Plugins", Json::array()}};
    write_file(folder_.path() / "orthanc.json", settings.dump(2));
    process_ = std::make_unique<test::Process>(std::vector<std::string>{kOrthanc, (folder_.path() / "orthanc.json").string()});
    EXPECT_TRUE(test::wait_until([&] { return test::listens(port) || !process_->running(); }, 30)) << process_->err();
    EXPECT_TRUE(process_->running()) << process_->err();
  }
  ~Orthanc() {
    process_->signal(SIGTERM);
    process_->wait(20);
  }
  std::string peer() const { return "ORTHANC@127.0.0.1:" + std::to_string(port); }

  int port = test::free_port();

 private:
  TemporaryFolder folder_;
  std::unique_ptr<test::Process> process_;
};

TEST(PacsOrthanc, RoundTripOfAStudyAndASegmentation) {
  if (!fs::exists(kOrthanc)) GTEST_SKIP() << "needs the Debian package orthanc";
  const auto start = std::chrono::steady_clock::now();
  ListeningConsilium listener;
  const Orthanc orthanc(listener.port);
  const TemporaryFolder folder;
  const auto originals = test::write_series(folder.path() / "in");

  EXPECT_EQ(pacs({"echo", orthanc.peer()}).code, 0);
  EXPECT_EQ(pacs({"find", orthanc.peer(), "--key", "PatientID=4711"}).code, 3);  // nothing yet

  const auto sent = pacs({"send", orthanc.peer(), (folder.path() / "in").string()});
  EXPECT_EQ(sent.code, 0) << sent.err;
  EXPECT_THAT(sent.out, HasSubstr("3 of 3 objects sent"));

  const auto studies = pacs({"find", orthanc.peer(), "--key", "PatientID=4711", "--json"});
  ASSERT_EQ(studies.code, 0) << studies.err;
  const Json study = parse_json(studies.out, "output").at("matches").at(0);
  EXPECT_EQ(study.at("StudyInstanceUID"), "1.2.826.0.1.1");
  EXPECT_EQ(study.at("PatientName"), "Test^Patient");
  const auto series = pacs({"find", orthanc.peer(), "--level", "series", "--key", "StudyInstanceUID=1.2.826.0.1.1", "--json"});
  ASSERT_EQ(series.code, 0) << series.err;
  EXPECT_EQ(parse_json(series.out, "output").at("matches").at(0).at("SeriesInstanceUID"), "1.2.826.0.1.1.1");

  const auto some = pacs({"find", orthanc.peer(), "--level", "image", "--key", "StudyInstanceUID=1.2.826.0.1.1", "--key", "SeriesInstanceUID=1.2.826.0.1.1.1", "--most", "2", "--json"});
  EXPECT_EQ(some.code, 8) << some.err;  // there are three
  EXPECT_EQ(parse_json(some.out, "output").at("matches").size(), 2U);

  const auto got = pacs({"get", orthanc.peer(), "--key", "StudyInstanceUID=1.2.826.0.1.1", "-o", (folder.path() / "got").string(), "--least-free-mb", "1"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("3 objects"));
  for (int n = 1; n <= 3; ++n) expect_same_image(originals[static_cast<std::size_t>(n - 1)], folder.path() / "got" / "1.2.826.0.1.1" / "1.2.826.0.1.1.1" / ("1.2.826.0.1.1.1." + std::to_string(n) + ".dcm"));
  EXPECT_FALSE(fs::exists(folder.path() / "got" / ".incoming"));

  const auto moved = pacs({"move", orthanc.peer(), "--key", "StudyInstanceUID=1.2.826.0.1.1", "--to", "CONSILIUM"});
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(listener.files().size(), 3U) << listener.process->out();
  EXPECT_EQ(pacs({"move", orthanc.peer(), "--key", "StudyInstanceUID=1.2.826.0.1.1", "--to", "NOBODY"}).code, 5);

  test::write_dicom(folder.path() / "seg.dcm", {.sop_class = UID_SegmentationStorage, .series = "1.2.826.0.1.1.9", .attributes = {{DCM_PatientID, "4711"}, {DCM_Modality, "SEG"}}});
  EXPECT_EQ(pacs({"send", orthanc.peer(), (folder.path() / "seg.dcm").string()}).code, 0);
  const auto segmentations = pacs({"find", orthanc.peer(), "--level", "series", "--key", "StudyInstanceUID=1.2.826.0.1.1", "--key", "Modality=SEG", "--json"});
  EXPECT_EQ(segmentations.code, 0) << segmentations.err;

  EXPECT_EQ(listener.stop(), 0);
  EXPECT_FALSE(fs::exists(listener.folder() / ".incoming"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace consilium
