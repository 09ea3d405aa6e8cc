#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "imaging/deidentify/deidentify.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

// Files of Siemens, GE, Philips and others: nothing of what they say about patient, dates, place, device, objects and privately is left.

namespace consilium::imaging {
namespace {

using test::kNeedsShared;

/// Up to `most` files of a folder, evenly over their names.
std::vector<fs::path> some_files(const fs::path& folder, std::size_t most) {
  std::vector<fs::path> all, chosen;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() != ".nii" && entry.path().extension() != ".json" && entry.path().extension() != ".gz") all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  DcmFileFormat probe;
  std::erase_if(all, [&](const fs::path& file) { return probe.loadFile(file.c_str(), EXS_Unknown, EGL_noChange, 256, ERM_metaOnly).bad() || probe.getMetaInfo()->card() == 0; });
  for (std::size_t n = 0; n < std::min(most, all.size()); ++n) chosen.push_back(all[n * all.size() / std::min(most, all.size())]);
  return chosen;
}

struct Secrets {
  std::set<std::string> texts;   ///< names, numbers, dates, places, UIDs, private texts
  std::set<std::string> blocks;  ///< private bytes
  std::set<std::string> open;    ///< what attributes say that the profile keeps
};

const std::set<DcmTagKey> kTelling{DCM_PatientID, DCM_AccessionNumber, DCM_InstitutionName, DCM_InstitutionAddress, DCM_InstitutionalDepartmentName, DCM_StationName, DCM_DeviceSerialNumber,
                                   DCM_StudyID, DCM_StudyDescription, DCM_SeriesDescription, DCM_ProtocolName, DCM_PerformedProcedureStepDescription, DCM_PerformedProcedureStepID,
                                   DCM_RequestedProcedureDescription, DCM_PatientComments, DCM_ImageComments, DCM_PerformedLocation};

void collect(DcmItem& item, Secrets& secrets) {
  for (unsigned long n = 0; n < item.card(); ++n) {
    DcmElement* element = item.getElement(n);
    const DcmTagKey key = element->getTag().getXTag();
    const bool is_private = key.getGroup() % 2 == 1;
    if (element->ident() == EVR_SQ) {
      auto* sequence = static_cast<DcmSequenceOfItems*>(element);
      for (unsigned long k = 0; k < sequence->card(); ++k) collect(*sequence->getItem(k), secrets);
      continue;
    }
    const DcmEVR vr = element->getVR();
    Uint8* bytes = nullptr;
    if (is_private && (vr == EVR_OB || vr == EVR_UN) && element->getLength() >= 16 && element->getUint8Array(bytes).good() && bytes != nullptr) {
      const std::string block(reinterpret_cast<const char*>(bytes), std::min<std::size_t>(element->getLength(), 64));
      if (std::count(block.begin(), block.end(), '\0') < 8) secrets.blocks.insert(block);
    }
    for (unsigned long k = 0; k < std::min<unsigned long>(element->getVM(), 64); ++k) {
      OFString value;
      if (element->isaString() == OFFalse || element->getOFString(value, k).bad()) continue;
      std::string text(value.c_str(), value.length());
      while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
      if (vr == EVR_DT && text.size() > 8) text.resize(8);
      const bool tells = kTelling.contains(key) || vr == EVR_PN || vr == EVR_DA || vr == EVR_DT || (vr == EVR_UI && !text.starts_with("1.2.840.10008.") && text.find('.') != std::string::npos && key != DCM_SOPClassUID && key != DCM_ReferencedSOPClassUID);
      if (tells ? text.size() >= 4 : is_private && text.size() >= 6) {
        secrets.texts.insert(text);
      } else if (!is_private) {
        secrets.open.insert(text);
      }
    }
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(DeidentifyConformance, NothingOfTwentyFilesOfDifferentVendorsIsLeft) {
  if (test::is_absent("data/dicom")) GTEST_SKIP() << kNeedsShared << "data/dicom";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(test::shared_path("data/dicom")))
    for (const fs::path& file : some_files(entry.path(), 3)) files.push_back(file);
  ASSERT_GE(files.size(), 20U);
  const Pseudonyms pseudonyms("a secret of more than sixteen bytes");
  const TemporaryFolder folder;
  std::size_t checked = 0;
  std::set<std::string> makers;
  for (const fs::path& file : files) {
    DcmFileFormat original;
    ASSERT_TRUE(original.loadFile(file.c_str()).good()) << file;
    OFString maker;
    original.getDataset()->findAndGetOFString(DCM_Manufacturer, maker);
    makers.insert(maker.c_str());
    Secrets secrets;
    collect(*original.getMetaInfo(), secrets);
    collect(*original.getDataset(), secrets);
    const DeidentifiedFile result = deidentify_file(file, pseudonyms);
    write_file(folder.path() / "out.dcm", result.bytes);
    const auto dump = test::run_program({"/usr/bin/dcmdump", "+L", "+R", "256", "-M", (folder.path() / "out.dcm").string()});
    ASSERT_EQ(dump.code, 0) << dump.err;
    const std::string header = result.bytes.substr(0, result.bytes.find(std::string("\xe0\x7f\x10\x00", 4)));  // pixels are any bytes
    for (const std::string& text : secrets.texts) {
      // What the makers repeat privately of an attribute that stays (such as the sequence name) is no secret; one scanner wrote our own dummy.
      if (text == "REMOVED" || std::any_of(secrets.open.begin(), secrets.open.end(), [&](const std::string& open) { return holds(open, text); })) continue;
      ++checked;
      EXPECT_FALSE(holds(dump.out, text) || holds(header, text)) << file << " still tells of " << text;
    }
    for (const std::string& block : secrets.blocks) EXPECT_FALSE(holds(result.bytes, block)) << file;
    EXPECT_TRUE(holds(dump.out, "(0012,0062) CS [YES]")) << file;
    // The image is what it was.
    DcmFileFormat after;
    ASSERT_TRUE(after.loadFile((folder.path() / "out.dcm").c_str()).good());
    DcmElement *before_pixels = nullptr, *after_pixels = nullptr;
    original.getDataset()->findAndGetElement(DCM_PixelData, before_pixels);
    after.getDataset()->findAndGetElement(DCM_PixelData, after_pixels);
    ASSERT_EQ(before_pixels == nullptr, after_pixels == nullptr);
    EXPECT_EQ(original.getDataset()->getOriginalXfer(), after.getDataset()->getOriginalXfer());
    if (before_pixels != nullptr) {
      EXPECT_EQ(before_pixels->getLength(), after_pixels->getLength()) << file;
    }
  }
  EXPECT_GE(makers.size(), 3U);
  EXPECT_GT(checked, 500U);
}

TEST(DeidentifyConformance, OddFilesAreTreatedOrRefusedWithAReason) {
  if (test::is_absent("data/dicom_odd")) GTEST_SKIP() << kNeedsShared << "data/dicom_odd";
  const Pseudonyms pseudonyms("a secret of more than sixteen bytes");
  std::size_t treated = 0, refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(test::shared_path("data/dicom_odd"))) {
    if (!entry.is_regular_file()) continue;
    try {
      const DeidentifiedFile result = deidentify_file(entry.path(), pseudonyms);
      EXPECT_FALSE(result.bytes.empty());
      ++treated;
    } catch (const Error& error) {
      EXPECT_FALSE(holds(error.what(), entry.path().string())) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(treated, 100U);
  const fs::path newer = test::shared_path("data/dicom_odd/pydicom-data/liver_deflate.dcm");  // frames deflated one by one, of 2023
  if (fs::exists(newer)) {
    EXPECT_NE(test::refusal(ErrorCode::kUnsupported, [&] { deidentify_file(newer, pseudonyms); }).find("1.2.840.10008.1.2.8.1"), std::string::npos);
  }
  EXPECT_GT(refused, 5U);
}

}  // namespace
}  // namespace consilium::imaging
