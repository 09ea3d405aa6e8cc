#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "base/settings.h"
#include "tests/support/dicom_files.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::DicomImage;
using test::run_program;
using test::write_dicom;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kIdentity{"Plantedname", "Firstname", "PID0815", "19421231", "20200102", "Seaside", "SERIAL77", "House", "ACCESSION9", "1.2.826.0.1.1"};

void write_study(const fs::path& folder, const std::string& patient = "PID0815") {
  for (int n = 1; n <= 3; ++n) {
    DicomImage image{.number = n, .z_mm = 2.0 * n};
    image.attributes = {{DCM_PatientName, "Plantedname^Firstname"}, {DCM_PatientID, patient},          {DCM_PatientBirthDate, "19421231"},
                        {DCM_StudyDate, "20200102"},                {DCM_InstitutionName, "Seaside Hospital"}, {DCM_DeviceSerialNumber, "SERIAL77"},
                        {DCM_ReferringPhysicianName, "Dr House"},   {DCM_AccessionNumber, "ACCESSION9"}};
    write_dicom(folder / "Plantedname" / (std::to_string(n) + ".dcm"), image);
  }
}

/// Files below a folder by relative path.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  return files;
}

test::Outcome deidentify(const fs::path& folder, const std::string& output, std::vector<std::string> more = {}) {
  std::vector<std::string> words{consilium_program(), "deidentify", (folder / "in").string(), "-o", (folder / output).string(), "--key", (folder / "study.key").string()};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words);
}

TEST(DeidentifyVerb, WritesFilesAndAReportWithoutIdentity) {
  const TemporaryFolder folder;
  write_study(folder.path() / "in");
  const auto done = deidentify(folder.path(), "out", {"--make-key", "--json", "--report", (folder.path() / "report.json").string()});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto files = contents(folder.path() / "out");
  EXPECT_EQ(files.size(), 3U);
  for (const std::string& word : kIdentity) {
    EXPECT_THAT(done.out + done.err, Not(HasSubstr(word)));
    for (const auto& [path, bytes] : files) EXPECT_TRUE(path.find(word) == std::string::npos && bytes.find(word) == std::string::npos) << word;
  }
  const Json report = parse_json(done.out, "output");
  EXPECT_EQ(report.at("schema"), "consilium.deidentify/1");
  EXPECT_EQ(report.at("written"), 3);
  EXPECT_EQ(report.at("profile").at(0).at("code"), "113100");
  EXPECT_GE(report.at("actions").at("uids mapped").get<int>(), 9);
  EXPECT_EQ(read_file(folder.path() / "report.json"), done.out);
  struct stat status {};
  stat((folder.path() / "study.key").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(DeidentifyVerb, SameKeySameFilesAnotherKeyOthers) {
  const TemporaryFolder folder;
  write_study(folder.path() / "in");
  ASSERT_EQ(deidentify(folder.path(), "one", {"--make-key"}).code, 0);
  ASSERT_EQ(deidentify(folder.path(), "two").code, 0);
  EXPECT_EQ(contents(folder.path() / "one"), contents(folder.path() / "two"));
  fs::remove(folder.path() / "study.key");
  ASSERT_EQ(deidentify(folder.path(), "three", {"--make-key"}).code, 0);
  EXPECT_NE(contents(folder.path() / "one").begin()->first, contents(folder.path() / "three").begin()->first);
}

TEST(DeidentifyVerb, DoesTheRestWhenSomeAreDamagedAndOverwritesOnlyIfAsked) {
  const TemporaryFolder folder;
  write_study(folder.path() / "in");
  const std::string whole = read_file(folder.path() / "in" / "Plantedname" / "1.dcm");
  write_file(folder.path() / "in" / "Plantedname" / "0.dcm", whole.substr(0, 400));
  write_file(folder.path() / "in" / "notes.txt", "Plantedname");
  const auto partial = deidentify(folder.path(), "out", {"--make-key"});
  EXPECT_EQ(partial.code, 8) << partial.err;
  EXPECT_THAT(partial.err, HasSubstr("1 file (number 1 in the order of paths)"));
  EXPECT_THAT(partial.out, HasSubstr("3 of 4 DICOM files"));
  EXPECT_THAT(partial.out + partial.err, Not(HasSubstr("Plantedname")));
  fs::remove(folder.path() / "in" / "Plantedname" / "0.dcm");
  const auto again = deidentify(folder.path(), "out");
  EXPECT_EQ(again.code, 8);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  EXPECT_EQ(deidentify(folder.path(), "out", {"--overwrite"}).code, 0);
}

TEST(DeidentifyVerb, RefusesWhatWouldGoWrong) {
  const TemporaryFolder folder;
  write_study(folder.path() / "in");
  EXPECT_EQ(deidentify(folder.path(), "out").code, 3);  // no key
  EXPECT_EQ(deidentify(folder.path(), "out", {"--make-key"}).code, 0);
  EXPECT_EQ(deidentify(folder.path(), "other", {"--make-key"}).code, 7);
  EXPECT_EQ(deidentify(folder.path(), "in/out").code, 6);
  EXPECT_EQ(deidentify(folder.path(), "other", {"--retain", "dates", "--retain", "modified-dates"}).code, 2);
  const auto unknown = deidentify(folder.path(), "other", {"--retain", "uid"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"uids\""));
}

TEST(DeidentifyVerb, FlagsBurnedInAnnotations) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "in" / "1.dcm", {.attributes = {{DCM_BurnedInAnnotation, "YES"}}});
  const auto flagged = deidentify(folder.path(), "out", {"--make-key", "--json"});
  EXPECT_EQ(flagged.code, 0) << flagged.err;
  EXPECT_EQ(parse_json(flagged.out, "output").at("burned_in").at("yes"), 1);
  EXPECT_THAT(flagged.err, HasSubstr("may show names in the pixels"));
  EXPECT_EQ(deidentify(folder.path(), "other", {"--refuse-burned-in"}).code, 9);
}

}  // namespace
}  // namespace consilium
