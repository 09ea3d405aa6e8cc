#include "imaging/deidentify/protect.h"

#include <string_view>
#include <vector>

#include "base/error.h"
#include "imaging/deidentify/dates.h"
#include "imaging/deidentify/dummy.h"
#include "imaging/deidentify/elements.h"
#include "imaging/deidentify/identity.h"
#include "imaging/deidentify/private_blocks.h"
#include "imaging/deidentify/treatment.h"
#include "imaging/dicom/values.h"

namespace consilium::imaging {
namespace {

struct Subject {
  std::string sop_class;
  std::string patient_key;  ///< whose pseudonym
  int days_back = 0;
};

Subject subject_of(DcmItem& item, const Pseudonyms& pseudonyms, const DeidentifyOptions& options) {
  const std::string study = raw_value(item, DCM_StudyInstanceUID), id = raw_value(item, DCM_PatientID);
  const std::string patient = id.empty() ? study : id;
  return {raw_value(item, DCM_SOPClassUID), patient, pseudonyms.days_back(options.dates_by == DateGroup::kStudy ? study : patient)};
}

class Protector {
 public:
  Protector(const Subject& subject, const Identity& identity, const Pseudonyms& pseudonyms, const DeidentifyOptions& options)
      : subject_(subject), identity_(identity), pseudonyms_(pseudonyms), options_(options), kind_(object_kind(subject.sop_class)) {}

  /// `strict`: below a sequence whose action is D, where every text gets a dummy value.
  void item(DcmItem& item, bool nested, bool strict) {
    for (DcmElement* element : elements_of(item)) {
      const DcmTagKey key = element->getTag().getXTag();
      if (is_private_group(key.getGroup())) continue;
      if (key.getElement() == 0) {
        remove_element(item, *element);  // group lengths are wrong from here on, and retired
      } else if (is_overlay_group(key.getGroup())) {
        remove(item, *element);  // a plane without its data is none
      } else if (const ConfidentialityRow* row = find_confidentiality_row(tag_number(key))) {
        apply(item, *element, treatment_of(*row, options_, {kind_, nested}), row, strict);
      } else {
        unlisted(item, *element, strict);
      }
    }
    const PrivateCounts counts = protect_private(item, options_.retain_safe_private, identity_);
    count("private removed", counts.removed);
    count("private kept", counts.kept);
  }

  ProtectionCounts counts() const { return counts_; }

 private:
  void count(const char* word, std::size_t times = 1) {
    if (times > 0) counts_[word] += times;
  }

  void remove(DcmItem& item, DcmElement& element) {
    remove_element(item, element);
    count("removed");
  }

  void replace(DcmElement& element) {
    make_dummy(element);
    count("replaced");
  }

  void each_item(DcmElement& element, bool strict) {
    auto& sequence = static_cast<DcmSequenceOfItems&>(element);
    for (unsigned long n = 0; n < sequence.card(); ++n) item(*sequence.getItem(n), true, strict);
  }

  void apply(DcmItem& item, DcmElement& element, Treatment treatment, const ConfidentialityRow* row, bool strict) {
    switch (treatment) {
      case Treatment::kKeep:
        if (is_sequence(element)) each_item(element, strict);
        return;
      case Treatment::kRemove: return remove(item, element);
      case Treatment::kEmpty: return empty(item, element);
      case Treatment::kDummy: return dummy(element);
      case Treatment::kMapUid: return map_uid(item, element, strict);
      case Treatment::kMoveDate: return move_date(item, element, *row, strict);
      case Treatment::kClean: return clean(item, element, *row, strict);
    }
  }

  void empty(DcmItem& item, DcmElement& element) {
    const DcmTagKey key = element.getTag().getXTag();
    const bool names_patient = key == DCM_PatientName || key == DCM_PatientID;
    if (names_patient && element.getLength() > 0) {
      const std::string original = key == DCM_PatientID ? text_of(item, key) : subject_.patient_key;
      put_text(element, pseudonyms_.patient(key == DCM_PatientID && !original.empty() ? raw_value(item, key) : subject_.patient_key));
      return count("replaced");
    }
    if (element.getLength() == 0) return;
    empty_element(item, element);
    count("emptied");
  }

  void dummy(DcmElement& element) {
    if (element.getTag().getXTag() == DCM_ContentSequence) {
      make_dummy_content(element);
      return count("replaced");
    }
    if (is_sequence(element)) return each_item(element, true);
    if (element.getVR() == EVR_UI) return map_values(element);
    replace(element);
  }

  void map_values(DcmElement& element) {
    if (options_.retain_uids) return;
    if (change_values(element, [&](const std::string& value) { return pseudonyms_.uid(value); })) count("uids mapped");
  }

  void map_uid(DcmItem& item, DcmElement& element, bool strict) {
    if (is_sequence(element)) return each_item(element, strict);
    if (element.getVR() != EVR_UI) return remove(item, element);
    map_values(element);
  }

  void move_date(DcmItem& item, DcmElement& element, const ConfidentialityRow& row, bool strict) {
    if (is_sequence(element)) return each_item(element, strict);
    const DcmEVR vr = element.getVR();
    if (vr == EVR_TM) return;  // whole days: the time of day is what it was
    if (vr != EVR_DA && vr != EVR_DT) {
      DeidentifyOptions without = options_;
      without.retain_modified_dates = false;
      return apply(item, element, treatment_of(row, without, {kind_, true}), &row, strict);
    }
    const bool good = change_values(element, [&](const std::string& value) {
      if (value.empty()) return value;
      return (vr == EVR_DA ? earlier_date(value, subject_.days_back) : earlier_date_time(value, subject_.days_back)).value_or("19000101");
    });
    if (good) count("dates moved");
  }

  void clean(DcmItem& item, DcmElement& element, const ConfidentialityRow& row, bool strict) {
    if (is_sequence(element)) return each_item(element, strict);
    std::string text = is_text(element.getVR()) ? harmless_words(raw_value(element), identity_) : "";
    if (text.empty()) return apply(item, element, treatment_of({row.tag, row.basic, ""}, {}, {kind_, true}), &row, strict);
    put_text(element, text);
    count("texts cleaned");
  }

  void unlisted(DcmItem& item, DcmElement& element, bool strict) {
    const DcmTagKey key = element.getTag().getXTag();
    const DcmEVR vr = element.getVR();
    if (!is_known(key)) {
      remove_element(item, element);
      return count("unknown removed");
    }
    if (is_sequence(element)) return each_item(element, strict);
    if (vr == EVR_UI) {
      if (!names_class(key)) map_values(element);
    } else if (vr == EVR_DA || vr == EVR_DT) {
      static constexpr ConfidentialityRow kForgottenDate{0, BasicAction::kX, "t"};
      apply(item, element, treatment_of(kForgottenDate, options_, {kind_, true}), &kForgottenDate, strict);
    } else if (vr == EVR_PN) {
      remove(item, element);
    } else if (is_text(vr)) {
      if (strict) return replace(element);
      const std::string text = raw_value(element), rest = without_identity(text, identity_);
      if (rest == text) return;
      put_text(element, rest);
      count("identity found elsewhere");
    }
  }

  const Subject& subject_;
  const Identity& identity_;
  const Pseudonyms& pseudonyms_;
  const DeidentifyOptions& options_;
  ObjectKind kind_;
  ProtectionCounts counts_;
};

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  require(item.putAndInsertString(tag, value.c_str()).good(), ErrorCode::kUnexpected, "DICOM: an attribute could not be set");
}

/// What was done, as the standard wants it said in the object.
void put_methods(DcmDataset& data_set, const DeidentifyOptions& options) {
  put(data_set, DCM_PatientIdentityRemoved, "YES");
  data_set.findAndDeleteElement(DCM_DeidentificationMethodCodeSequence);
  std::string methods;
  for (const auto& [code, meaning] : method_codes(options)) {
    methods += (methods.empty() ? "" : "\\") + meaning;
    DcmItem* item = nullptr;
    require(data_set.findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, item, -2).good(), ErrorCode::kUnexpected, "DICOM: a code could not be set");
    put(*item, DCM_CodeValue, code);
    put(*item, DCM_CodingSchemeDesignator, "DCM");
    put(*item, DCM_CodeMeaning, meaning);
  }
  put(data_set, DCM_DeidentificationMethod, methods);
  if (options.clean_faces) put(data_set, DCM_RecognizableVisualFeatures, "NO");
  put(data_set, DCM_LongitudinalTemporalInformationModified, options.retain_full_dates ? "UNMODIFIED" : options.retain_modified_dates ? "MODIFIED" : "REMOVED");
}

}  // namespace

ProtectionCounts protect(DcmDataset& data_set, const Pseudonyms& pseudonyms, const DeidentifyOptions& options) {
  validate(options);
  require(!raw_value(data_set, DCM_SOPClassUID).empty() && !raw_value(data_set, DCM_SOPInstanceUID).empty(), ErrorCode::kCorruptData,
          "no SOP Class UID or no SOP Instance UID: not an object that can be de-identified");
  const Identity identity = identity_of(data_set);
  const Subject subject = subject_of(data_set, pseudonyms, options);
  clear_overlay_bits(data_set);
  Protector protector(subject, identity, pseudonyms, options);
  protector.item(data_set, /*nested=*/false, /*strict=*/false);
  put_methods(data_set, options);
  return protector.counts();
}

}  // namespace consilium::imaging
