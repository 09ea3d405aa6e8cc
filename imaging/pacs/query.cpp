#include "imaging/pacs/query.h"

#include "base/error.h"
#include "base/text.h"
#include "imaging/pacs/association.h"
#include "imaging/pacs/identifier.h"

namespace consilium::imaging {
namespace {

PacsMatch match_of(DcmDataset& data_set) {
  data_set.convertToUTF8();  // what cannot be converted is shown with '?'
  PacsMatch match;
  for (unsigned long n = 0; n < data_set.card(); ++n) {
    DcmElement* element = data_set.getElement(n);
    OFString value;
    if (element->ident() == EVR_SQ || element->getOFStringArray(value).bad() || value.empty()) continue;
    const DcmTagKey key = element->getTag().getXTag();
    if (key == DCM_SpecificCharacterSet || key == DCM_QueryRetrieveLevel || key == DCM_RetrieveAETitle) continue;
    match[DcmTag(key).getTagName()] = printable(std::string_view(value.c_str(), value.length()));
  }
  return match;
}

class Finder : public Association {
 public:
  Finder(const PacsPeer& peer, std::size_t most) : Association(peer), most_(most) {}

  FoundMatches found;
  Uint16 status = 0;

 protected:
  OFCondition handleFINDResponse(const T_ASC_PresentationContextID context, QRResponse* response, OFBool& wait_for_next) override {
    wait_for_next = DICOM_PENDING_STATUS(response->m_status);
    if (!wait_for_next) {
      status = response->m_status;
    } else if (found.matches.size() < most_) {
      if (response->m_dataset != nullptr) found.matches.push_back(match_of(*response->m_dataset));
    } else if (found.is_complete) {
      found.is_complete = false;
      return sendCANCELRequest(context);
    }
    return EC_Normal;
  }

 private:
  std::size_t most_;
};

}  // namespace

void echo(const PacsPeer& peer) {
  Association association(peer);
  association.offer(UID_VerificationSOPClass, plain_syntaxes());
  association.open();
  association.require_good(association.sendECHORequest(0), "no answer to C-ECHO");
}

FoundMatches find(const PacsPeer& peer, const PacsQuery& query, const FindOptions& options) {
  const std::unique_ptr<DcmDataset> identifier = identifier_of(query);
  ask_for_usual_attributes(*identifier, query.level);
  Finder finder(peer, options.most_matches);
  finder.offer(UID_FINDStudyRootQueryRetrieveInformationModel, plain_syntaxes());
  finder.open();
  finder.require_good(finder.sendFINDRequest(finder.context_of(UID_FINDStudyRootQueryRetrieveInformationModel), identifier.get(), nullptr), "no answer to C-FIND");
  require(finder.status == 0 || finder.status == STATUS_FIND_Cancel_MatchingTerminatedDueToCancelRequest, ErrorCode::kUnsupported, "the peer answers C-FIND with status " + status_text(finder.status));
  return std::move(finder.found);
}

}  // namespace consilium::imaging
