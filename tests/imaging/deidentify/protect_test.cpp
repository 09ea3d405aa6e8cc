#include "imaging/deidentify/protect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "imaging/deidentify/burned_in.h"
#include "imaging/deidentify/identity.h"
#include "imaging/deidentify/safe_private.h"
#include "imaging/deidentify/whole_file.h"
#include "tests/imaging/deidentify/deidentified.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using test::object_of;
using test::protect;
using test::value;
using testing::HasSubstr;
using testing::Not;

std::string dump(DcmItem& item) {
  std::ostringstream text;
  item.print(text);
  return text.str();
}

void put_private(DcmItem& item, std::uint16_t group, const std::string& creator, std::uint8_t element, DcmEVR vr, const std::string& text) {
  item.putAndInsertString(DcmTag(group, 0x0010, EVR_LO), creator.c_str());
  item.putAndInsertString(DcmTag(DcmTagKey(group, static_cast<Uint16>(0x1000 + element)), vr), text.c_str());
}

TEST(Protect, TreatsWhatIsNested) {
  auto object = object_of();
  DcmItem *outer = nullptr, *inner = nullptr;
  object->findOrCreateSequenceItem(DCM_SharedFunctionalGroupsSequence, outer, -2);
  outer->findOrCreateSequenceItem(DCM_MRImageFrameTypeSequence, inner, -2);
  inner->putAndInsertString(DCM_OperatorsName, "Dr House");
  inner->putAndInsertString(DCM_FrameType, "ORIGINAL");
  put_private(*inner, 0x2005, "Philips MR Imaging DD 005", 0x07, EVR_LO, "PRIVATEVALUE");
  protect(*object);
  EXPECT_THAT(dump(*object), Not(HasSubstr("House")));
  EXPECT_THAT(dump(*object), Not(HasSubstr("PRIVATEVALUE")));
  EXPECT_THAT(dump(*object), HasSubstr("ORIGINAL"));
}

TEST(Protect, RemovesPrivateAttributesWithTheirCreators) {
  auto object = object_of();
  put_private(*object, 0x0029, "SIEMENS CSA HEADER", 0x08, EVR_LO, "IMAGE NUM 4");
  const auto counts = protect(*object);
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0029, 0x0010)));
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0029, 0x1008)));
  EXPECT_EQ(counts.at("private removed"), 2U);
}

TEST(Protect, KeepsSafePrivateAttributesByCreatorWhereRetained) {
  auto object = object_of();
  put_private(*object, 0x0019, "SIEMENS MR HEADER", 0x0C, EVR_IS, "1000");
  object->putAndInsertString(DcmTag(DcmTagKey(0x0019, 0x1008), EVR_CS), "NOT LISTED");
  put_private(*object, 0x0043, "SOMEBODY ELSE", 0x39, EVR_IS, "1000");  // listed under GEMS_PARM_01 only
  protect(*object, {.retain_safe_private = true});
  EXPECT_EQ(value(*object, 0x0019100C), "1000");
  EXPECT_EQ(value(*object, 0x00190010), "SIEMENS MR HEADER");
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0019, 0x1008)));
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0043, 0x1039)));
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0043, 0x0010)));
}

TEST(Protect, ReplacesTheContentOfAReport) {
  auto object = object_of(UID_BasicTextSRStorage);
  object->putAndInsertString(DCM_ValueType, "CONTAINER");
  DcmItem *item = nullptr, *deeper = nullptr;
  object->findOrCreateSequenceItem(DCM_ContentSequence, item, -2);
  item->putAndInsertString(DCM_TextValue, "Plantedname has a tumour");
  item->findOrCreateSequenceItem(DCM_ContentSequence, deeper, -2);
  deeper->putAndInsertString(DCM_PersonName, "House^Gregory");
  object->findOrCreateSequenceItem(DCM_VerifyingObserverSequence, item, -2);
  item->putAndInsertString(DCM_VerifyingObserverName, "House^Gregory");
  item->putAndInsertString(DCM_VerifyingOrganization, "Seaside Hospital");
  item->putAndInsertString(DCM_VerificationDateTime, "20200102");
  protect(*object);
  const std::string text = dump(*object);
  for (const char* word : {"Plantedname", "tumour", "House", "Seaside", "20200102"}) EXPECT_THAT(text, Not(HasSubstr(word)));
  EXPECT_TRUE(object->tagExists(DCM_ContentSequence));
  EXPECT_THAT(text, HasSubstr("REMOVED"));
}

TEST(Protect, RemovesCurvesAndOverlaysAndTheirBitsInThePixels) {
  auto object = object_of();
  object->putAndInsertUint16(DCM_BitsAllocated, 16);
  object->putAndInsertUint16(DCM_BitsStored, 12);
  object->putAndInsertUint16(DCM_HighBit, 11);
  const std::vector<Uint16> pixels{0x1FFF, 0x8001, 0x0ABC};
  object->putAndInsertUint16Array(DCM_PixelData, pixels.data(), 3);
  object->putAndInsertUint16(DcmTag(DcmTagKey(0x6000, 0x0010), EVR_US), 1);
  object->putAndInsertUint16(DcmTag(DcmTagKey(0x6000, 0x0102), EVR_US), 12);
  object->putAndInsertString(DcmTag(DcmTagKey(0x6002, 0x4000), EVR_LT), "Plantedname");
  object->putAndInsertString(DcmTag(DcmTagKey(0x5000, 0x2500), EVR_LO), "Plantedname");
  protect(*object);
  for (const auto& key : {DcmTagKey(0x6000, 0x0010), DcmTagKey(0x6000, 0x0102), DcmTagKey(0x6002, 0x4000), DcmTagKey(0x5000, 0x2500)}) EXPECT_FALSE(object->tagExists(key));
  const Uint16* after = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(object->findAndGetUint16Array(DCM_PixelData, after, &count).good());
  EXPECT_EQ(std::vector<Uint16>(after, after + 3), (std::vector<Uint16>{0x0FFF, 0x0001, 0x0ABC}));
}

TEST(Protect, TakesTheIdentityOutOfTextsThatStay) {
  auto object = object_of();
  object->putAndInsertString(DCM_InstitutionName, "Seaside Hospital");
  object->putAndInsertString(DCM_SequenceName, "seq of plantedname");
  object->putAndInsertString(DCM_SoftwareVersions, "VB17 seaside hospital PID0815");
  const auto counts = protect(*object);
  EXPECT_EQ(value(*object, 0x00180024), "seq of ***");
  EXPECT_EQ(value(*object, 0x00181020), "VB17 *** ***");
  EXPECT_EQ(counts.at("identity found elsewhere"), 2U);
}

TEST(Protect, RemovesWhatNoDictionaryKnowsAndDatesTheTableForgot) {
  auto object = object_of();
  object->putAndInsertString(DcmTag(DcmTagKey(0x0018, 0x0003), EVR_LO), "PID0815");
  protect(*object);
  EXPECT_FALSE(object->tagExists(DcmTagKey(0x0018, 0x0003)));
}

TEST(Protect, SaysWhatWasDone) {
  auto object = object_of();
  object->putAndInsertString(DCM_DeidentificationMethod, "by hand");
  protect(*object, {.retain_device = true, .retain_full_dates = true});
  EXPECT_EQ(value(*object, 0x00120062), "YES");
  EXPECT_EQ(value(*object, 0x00120063), "Basic Application Confidentiality Profile\\Retain Longitudinal Temporal Information Full Dates Option\\Retain Device Identity Option");
  EXPECT_EQ(value(*object, 0x00280303), "UNMODIFIED");
  for (const auto& [n, code] : std::vector<std::pair<signed long, std::string>>{{0, "113100"}, {1, "113106"}, {2, "113109"}}) {
    DcmItem* item = nullptr;
    ASSERT_TRUE(object->findAndGetSequenceItem(DCM_DeidentificationMethodCodeSequence, item, n).good());
    EXPECT_EQ(value(*item, 0x00080100), code);
    EXPECT_EQ(value(*item, 0x00080102), "DCM");
  }
}

TEST(Protect, RefusesWhatIsNoObjectAndBothKindsOfDates) {
  DcmDataset nothing;
  EXPECT_THAT(test::refusal(ErrorCode::kCorruptData, [&] { protect(nothing); }), HasSubstr("no SOP Class UID"));
  auto object = object_of();
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { protect(*object, {.retain_full_dates = true, .retain_modified_dates = true}); }), HasSubstr("not both"));
}

TEST(Protect, PatientsWithoutNumberAreToldApartByStudy) {
  auto one = object_of(), other = object_of();
  one->putAndInsertString(DCM_PatientID, "");
  other->putAndInsertString(DCM_PatientID, "");
  other->putAndInsertString(DCM_StudyInstanceUID, "1.2.99");
  protect(*one);
  protect(*other);
  EXPECT_NE(value(*one, 0x00100010), value(*other, 0x00100010));
}

TEST(EncodeDicom, HasAnEmptyPreambleAndItsOwnMetaHeader) {
  auto object = object_of();
  protect(*object);
  const std::string bytes = encode_dicom(std::move(object));
  EXPECT_EQ(bytes.substr(0, 128), std::string(128, '\0'));
  EXPECT_EQ(bytes.substr(128, 4), "DICM");
  EXPECT_THAT(bytes, Not(HasSubstr("1.2.3.4.5")));
}

TEST(BurnedIn, IsSaidOrSuspected) {
  auto object = object_of();
  const Uint16 pixel = 0;
  object->putAndInsertUint16Array(DCM_PixelData, &pixel, 1);
  EXPECT_EQ(burned_in(*object), BurnedIn::kNo);
  object->putAndInsertString(DCM_BurnedInAnnotation, "YES");
  EXPECT_EQ(burned_in(*object), BurnedIn::kYes);
  auto capture = object_of(UID_SecondaryCaptureImageStorage);
  capture->putAndInsertUint16Array(DCM_PixelData, &pixel, 1);
  EXPECT_EQ(burned_in(*capture), BurnedIn::kSuspected);
  capture->putAndInsertString(DCM_BurnedInAnnotation, "NO");
  EXPECT_EQ(burned_in(*capture), BurnedIn::kNo);
}

TEST(HarmlessWords, AreThoseThatAreKnown) {
  const Identity identity{{"contrast"}, {}};
  EXPECT_EQ(harmless_words("AX T2 FLAIR FS", identity), "AX T2 FLAIR FS");
  EXPECT_EQ(harmless_words("t1_mprage_sag_p2_iso_1.0", identity), "t1_mprage_sag_p2_iso_1.0");
  EXPECT_EQ(harmless_words("Knee left, Mrs Miller (born 12.03.1961)", identity), "Knee left 12.03");
  EXPECT_EQ(harmless_words("brain contrast", identity), "brain");  // a patient named so
  EXPECT_EQ(harmless_words("0301234567", identity), "");
}

TEST(SafePrivate, BelongsToItsCreator) {
  EXPECT_TRUE(is_safe_private(0x70530000, "Philips PET Private Group"));
  EXPECT_FALSE(is_safe_private(0x70530000, "philips"));
  EXPECT_FALSE(is_safe_private(0x70530003, "Philips PET Private Group"));
}

}  // namespace
}  // namespace consilium::imaging
