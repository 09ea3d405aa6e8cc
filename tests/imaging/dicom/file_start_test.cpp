#include "imaging/dicom/file_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/values.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

TEST(FileStart, IsTheFirstBytesAndWhatTheFileIs) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a";
  std::string bytes(40000, 'x');
  bytes.replace(128, 4, "DICM");
  write_file(file, bytes);
  const FileStart start = read_start(file);
  EXPECT_EQ(start.file, file);
  EXPECT_EQ(start.length, bytes.size());
  EXPECT_GT(start.time, 0);
  EXPECT_LT(start.bytes.size(), bytes.size());
  EXPECT_TRUE(bytes.starts_with(start.bytes));
  EXPECT_EQ(read_first_bytes(file, 39999), bytes.substr(0, 39999));
  EXPECT_EQ(read_first_bytes(file, 50000), bytes) << "no more than there is";
  EXPECT_TRUE(looks_like_dicom(start.bytes));
}

TEST(FileStart, ShortFilesAndOtherFilesAreNoDicom) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a";
  std::string with_preamble(128, '\0');
  with_preamble += "DICM";
  const std::vector<std::pair<std::string, bool>> cases{{"", false}, {std::string("\x08\0\x05\0CS\x02", 7), false}, {std::string("\x08\0\x05\0CS\x02\0", 8), true}, {std::string("\0\x08\0\x05SC\0\x02", 8), true},
                                                        {std::string("\x02\0\0\0UL\x04\0", 8), true}, {with_preamble, true}, {with_preamble.substr(0, 131), false}, {"nifti and such", false}};
  for (const auto& [bytes, expected] : cases) {
    write_file(file, bytes);
    EXPECT_EQ(is_dicom_file(file), expected) << testing::PrintToString(bytes);
  }
}

/// A pipe would be waited for, a folder cannot be read.
TEST(FileStart, WhatIsNoFileIsRefusedAtOnce) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& path : {pipe, folder.path(), folder.path() / "nothing"}) {
    EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { read_start(path); }), HasSubstr("no such file"));
    EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { read_first_bytes(path, 8); }), HasSubstr("no such file"));
    EXPECT_FALSE(is_dicom_file(path));
  }
}

TEST(ElementOf, FindsWhatFindAndGetFindsAndNothingElse) {
  DcmDataset item;
  for (const DcmTagKey& tag : {DCM_PatientID, DCM_Modality, DCM_Rows, DCM_StudyInstanceUID, DCM_SeriesNumber}) {
    if (tag == DCM_Rows) item.putAndInsertUint16(tag, 3);
    else item.putAndInsertString(tag, "1");
  }
  DcmItem* inner = nullptr;
  item.findOrCreateSequenceItem(DCM_RequestAttributesSequence, inner);
  inner->putAndInsertString(DCM_AccessionNumber, "7");
  for (Uint16 group = 0x0002; group < 0x0046; group = static_cast<Uint16>(group + 2))
    for (Uint16 element = 0; element < 0x0300; ++element) {
      DcmElement* expected = nullptr;
      item.findAndGetElement(DcmTagKey(group, element), expected);
      ASSERT_EQ(element_of(item, DcmTagKey(group, element)), expected) << group << " " << element;
    }
  EXPECT_EQ(element_of(item, DCM_AccessionNumber), nullptr) << "another item's";
  DcmDataset empty;
  EXPECT_EQ(element_of(empty, DCM_Rows), nullptr);
}

}  // namespace
}  // namespace consilium::imaging
