#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <tuple>

#include "imaging/deidentify/confidentiality_table.h"
#include "imaging/deidentify/dummy.h"
#include "imaging/deidentify/treatment.h"
#include "tests/imaging/deidentify/deidentified.h"

// A test for each action of PS3.15 Table E.1-1, and one that runs all of its rows.

namespace consilium::imaging {
namespace {

using test::key_of;
using test::object_of;
using test::protect;
using test::value;

/// An object with one attribute set.
std::unique_ptr<DcmDataset> with(std::uint32_t tag, const std::string& text, const char* sop_class = UID_MRImageStorage) {
  auto object = object_of(sop_class);
  EXPECT_TRUE(object->putAndInsertString(key_of(tag), text.c_str()).good());
  return object;
}

bool exists(DcmItem& item, std::uint32_t tag) { return item.tagExists(key_of(tag)); }

TEST(DeidentifyActions, DReplacesByADummyOfItsKind) {
  for (const auto& [tag, text, dummy] : std::vector<std::tuple<std::uint32_t, std::string, std::string>>{
           {0x00120040, "SUBJECT7", "REMOVED"}, {0x300A0002, "Plan of Plantedname", "REMOVED"}, {0x00189074, "20200102030405", "19000101000000"}}) {
    auto object = with(tag, text);
    protect(*object);
    EXPECT_EQ(value(*object, tag), dummy) << std::hex << tag;
  }
}

TEST(DeidentifyActions, ZEmpties) {
  auto object = with(0x00080050, "ACCESSION9");
  object->putAndInsertString(DCM_StudyDate, "20200102");
  object->putAndInsertString(DCM_PatientBirthDate, "19421231");
  protect(*object);
  for (const std::uint32_t tag : {0x00080050U, 0x00080020U, 0x00100030U}) {
    EXPECT_TRUE(exists(*object, tag));
    EXPECT_EQ(value(*object, tag), "");
  }
}

TEST(DeidentifyActions, ZOfNameAndNumberOfAPatientIsAPseudonym) {
  auto object = object_of();
  protect(*object);
  const std::string pseudonym = Pseudonyms(test::kSecret).patient("PID0815");
  EXPECT_EQ(value(*object, 0x00100010), pseudonym);
  EXPECT_EQ(value(*object, 0x00100020), pseudonym);
}

TEST(DeidentifyActions, XRemoves) {
  auto object = with(0x00081048, "Dr House");
  object->putAndInsertString(DCM_SeriesDescription, "t1 Plantedname");
  protect(*object);
  EXPECT_FALSE(exists(*object, 0x00081048));
  EXPECT_FALSE(exists(*object, 0x0008103E));
}

TEST(DeidentifyActions, UMapsEachUidAndKeepsThoseOfTheStandard) {
  auto object = with(0x00200052, "1.3.12.2.1107.5.2.1");
  object->putAndInsertString(DcmTagKey(0x0008, 0x3010), "1.3.1\\1.2.840.10008.5.1.4.1.1.4");
  protect(*object);
  const Pseudonyms pseudonyms(test::kSecret);
  EXPECT_EQ(value(*object, 0x00200052), pseudonyms.uid("1.3.12.2.1107.5.2.1"));
  EXPECT_EQ(value(*object, 0x00083010), pseudonyms.uid("1.3.1") + "\\1.2.840.10008.5.1.4.1.1.4");
  EXPECT_EQ(value(*object, 0x00080016), UID_MRImageStorage);
}

TEST(DeidentifyActions, XZIsRemovedOrEmptiedAsTheObjectNeeds) {
  auto mr = with(0x00080022, "20200102"), pet = with(0x00080022, "20200102", UID_PositronEmissionTomographyImageStorage);
  protect(*mr);
  protect(*pet);
  EXPECT_FALSE(exists(*mr, 0x00080022));
  EXPECT_TRUE(exists(*pet, 0x00080022));
  EXPECT_EQ(value(*pet, 0x00080022), "");
}

TEST(DeidentifyActions, XDIsRemovedOrReplacedAsTheObjectNeeds) {
  auto mr = with(0x00080021, "20200102"), pet = with(0x00080021, "20200102", UID_PositronEmissionTomographyImageStorage);
  protect(*mr);
  protect(*pet);
  EXPECT_FALSE(exists(*mr, 0x00080021));
  EXPECT_EQ(value(*pet, 0x00080021), "19000101");
}

TEST(DeidentifyActions, ZDIsEmptiedOrReplacedAsTheObjectNeeds) {
  auto mr = with(0x00080023, "20200102"), enhanced = with(0x00080023, "20200102", UID_EnhancedMRImageStorage);
  protect(*mr);
  protect(*enhanced);
  EXPECT_TRUE(exists(*mr, 0x00080023));
  EXPECT_EQ(value(*mr, 0x00080023), "");
  EXPECT_EQ(value(*enhanced, 0x00080023), "19000101");
}

TEST(DeidentifyActions, XZDIsRemovedOrReplacedAsTheObjectNeeds) {
  auto mr = with(0x00181000, "SERIAL77"), enhanced = with(0x00181000, "SERIAL77", UID_EnhancedMRImageStorage);
  protect(*mr);
  protect(*enhanced);
  EXPECT_FALSE(exists(*mr, 0x00181000));
  EXPECT_EQ(value(*enhanced, 0x00181000), "REMOVED");
}

TEST(DeidentifyActions, XZUIsRemovedOrItsUidsMappedAsTheObjectNeeds) {
  for (const char* sop_class : {UID_MRImageStorage, UID_SegmentationStorage}) {
    auto object = object_of(sop_class);
    DcmItem* item = nullptr;
    object->findOrCreateSequenceItem(DCM_ReferencedImageSequence, item, -2);
    item->putAndInsertString(DCM_ReferencedSOPInstanceUID, "1.3.12.2.1107.1");
    protect(*object);
    const bool needs = sop_class == std::string(UID_SegmentationStorage);
    EXPECT_EQ(object->tagExists(DCM_ReferencedImageSequence), needs) << sop_class;
    if (!needs) continue;
    OFString uid;
    EXPECT_TRUE(object->findAndGetOFString(DCM_ReferencedSOPInstanceUID, uid, 0, OFTrue).good());
    EXPECT_EQ(uid, Pseudonyms(test::kSecret).uid("1.3.12.2.1107.1").c_str());
  }
}

TEST(DeidentifyActions, KKeepsWhatAnOptionRetains) {
  struct Retained {
    const char* word;
    std::uint32_t tag;
    const char* text;
  };
  for (const Retained& retained : {Retained{"uids", 0x0020000D, "1.2.3.4"}, Retained{"device", 0x00181000, "SERIAL77"}, Retained{"institution", 0x00080080, "Seaside Hospital"},
                                   Retained{"characteristics", 0x00101010, "065Y"}, Retained{"dates", 0x00080020, "20200102"}}) {
    DeidentifyOptions options;
    retain(options, retained.word);
    auto kept = with(retained.tag, retained.text), gone = with(retained.tag, retained.text);
    protect(*kept, options);
    protect(*gone);
    EXPECT_EQ(value(*kept, retained.tag), retained.text) << retained.word;
    EXPECT_NE(value(*gone, retained.tag), retained.text) << retained.word;
  }
}

TEST(DeidentifyActions, CMovesDatesByTheDaysOfThePatient) {
  auto first = with(0x00080020, "20200102"), second = with(0x00080020, "20200301");
  first->putAndInsertString(DCM_AcquisitionDateTime, "20200102101112.5+0100");
  first->putAndInsertString(DCM_StudyTime, "101112");
  const DeidentifyOptions options{.retain_modified_dates = true};
  protect(*first, options);
  protect(*second, options);
  const std::string a = value(*first, 0x00080020), b = value(*second, 0x00080020);
  const auto day = [](const std::string& date) {
    return std::chrono::sys_days(std::chrono::year(std::stoi(date.substr(0, 4))) / std::stoi(date.substr(4, 2)) / std::stoi(date.substr(6, 2)));
  };
  EXPECT_LT(a, "20200102");
  EXPECT_EQ((day(b) - day(a)).count(), 59);  // as it was
  EXPECT_EQ(value(*first, 0x0008002A), a + "101112.5+0100");
  EXPECT_EQ(value(*first, 0x00080030), "101112");
  EXPECT_EQ(value(*first, 0x00280303), "MODIFIED");
}

TEST(DeidentifyActions, CLeavesOfDescriptionsWhatIsKnownAsHarmless) {
  auto object = with(0x0008103E, "ax T1 post contrast Plantedname, Dr Brown 030-1234567 02.01.2020");
  protect(*object, {.clean_descriptors = true});
  const std::string text = value(*object, 0x0008103E);
  EXPECT_THAT(text, testing::HasSubstr("ax T1 post contrast"));
  for (const char* word : {"Plantedname", "Brown", "1234567", "2020"}) EXPECT_THAT(text, testing::Not(testing::HasSubstr(word)));
}

TEST(DeidentifyActions, EveryRowOfTheTableIsTreatedAsItSays) {
  constexpr const char* kPlanted = "1.2.999.77";  // valid in every text VR, as UID, and recognised nowhere
  std::size_t tried = 0;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    const DcmTag tag(key_of(row.tag));
    if (tag.getEVR() == EVR_UNKNOWN || tag.getEVR() == EVR_UN || row.tag == 0x00080018 || row.tag == 0x00100020 || row.tag == 0x00100010) continue;
    if ((row.tag >> 16) == 0x0400 && tag.getEVR() == EVR_SQ) continue;
    auto object = object_of();
    std::unique_ptr<DcmElement> element(DcmItem::newDicomElement(tag));
    if (element == nullptr || row.tag >> 16 <= 2) continue;
    if (element->ident() == EVR_SQ) {
      DcmItem* item = nullptr;
      object->findOrCreateSequenceItem(tag, item, -2);
      item->putAndInsertString(DCM_TextValue, kPlanted);
    } else if (element->putString(kPlanted).bad()) {
      make_dummy(*element);
      object->insert(element.release());
    } else {
      object->insert(element.release());
    }
    ++tried;
    protect(*object);
    const bool present = object->tagExists(key_of(row.tag));
    switch (treatment_of(row, {}, {})) {
      case Treatment::kRemove: EXPECT_FALSE(present) << std::hex << row.tag; break;
      case Treatment::kEmpty:
      case Treatment::kDummy:
      case Treatment::kMapUid: EXPECT_TRUE(present) << std::hex << row.tag; break;
      default: ADD_FAILURE() << "the Basic Profile keeps nothing: " << std::hex << row.tag;
    }
    std::ostringstream dump;
    object->print(dump, DCMTypes::PF_shortenLongTagValues);
    EXPECT_THAT(dump.str(), testing::Not(testing::HasSubstr(kPlanted))) << std::hex << row.tag;
  }
  EXPECT_GT(tried, 450U);
}

}  // namespace
}  // namespace consilium::imaging
