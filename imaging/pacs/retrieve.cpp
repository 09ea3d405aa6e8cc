#include "imaging/pacs/retrieve.h"

#include <algorithm>

#include "base/error.h"
#include "imaging/pacs/arrivals.h"
#include "imaging/pacs/association.h"
#include "imaging/pacs/identifier.h"

namespace consilium::imaging {
namespace {

constexpr Uint16 kOutOfResources = 0xA700, kCannotUnderstand = 0xC000, kDuplicateUid = 0x0111;

void require_unique_key(const PacsQuery& what) {
  const std::string needed = what.level == QueryLevel::kStudy ? "StudyInstanceUID" : what.level == QueryLevel::kSeries ? "SeriesInstanceUID" : "SOPInstanceUID";
  require(std::any_of(what.keys.begin(), what.keys.end(), [&](const auto& key) { return key.first == needed && !key.second.empty(); }), ErrorCode::kUsage, "name what to retrieve: " + needed);
}

/// Counts of the last response; a peer may leave out earlier ones.
void note(Retrieved& result, const RetrieveResponse& response) {
  if (DICOM_PENDING_STATUS(response.m_status)) return;
  result.failed = std::max<std::size_t>(result.failed, response.m_numberOfFailedSubops == 0xFFFF ? 0 : response.m_numberOfFailedSubops);
  if (response.m_status != 0) result.problem = "the peer answers with status " + status_text(response.m_status);
}

class Getter : public Association {
 public:
  Getter(const PacsPeer& peer, Arrivals& arrivals) : Association(peer), arrivals_(arrivals) {}
  Retrieved result;

 protected:
  OFCondition handleSTORERequest(const T_ASC_PresentationContextID, DcmDataset* object, OFBool& go_on, Uint16& status) override {
    go_on = OFTrue;
    const std::unique_ptr<DcmDataset> owned(object);
    status = keep(*owned);
    return EC_Normal;
  }

  OFCondition handleCGETResponse(const T_ASC_PresentationContextID context, RetrieveResponse* response, OFBool& go_on) override {
    note(result, *response);
    return Association::handleCGETResponse(context, response, go_on);
  }

 private:
  Uint16 keep(DcmDataset& object) {
    OFString uid;
    object.findAndGetOFString(DCM_SOPInstanceUID, uid);
    try {
      require(arrivals_.has_room(), ErrorCode::kCannotWrite, "less disk space is free than is to stay free");
      (arrivals_.take(object, uid.c_str()).arrival == Arrival::kStored ? result.stored : result.known) += 1;
      return 0;
    } catch (const Error& error) {  // the peer must hear of it, and the other objects may be sound
      ++refused_;
      result.failed = std::max(result.failed, refused_);
      result.problem = error.what();
      return error.code() == ErrorCode::kCannotWrite ? kOutOfResources : error.code() == ErrorCode::kMismatch ? kDuplicateUid : kCannotUnderstand;
    }
  }

  Arrivals& arrivals_;
  std::size_t refused_ = 0;
};

class Mover : public Association {
 public:
  using Association::Association;
  Retrieved result;

 protected:
  OFCondition handleMOVEResponse(const T_ASC_PresentationContextID context, RetrieveResponse* response, OFBool& go_on) override {
    note(result, *response);
    if (!DICOM_PENDING_STATUS(response->m_status)) result.stored = response->m_numberOfCompletedSubops + response->m_numberOfWarningSubops;
    return Association::handleMOVEResponse(context, response, go_on);
  }
};

}  // namespace

Retrieved get(const PacsPeer& peer, const PacsQuery& what, const std::filesystem::path& folder, const GetOptions& options) {
  require_unique_key(what);
  const std::unique_ptr<DcmDataset> identifier = identifier_of(what);
  Arrivals arrivals(folder, options.least_free_bytes);
  Getter getter(peer, arrivals);
  getter.setStorageMode(DCMSCU_STORAGE_DISK);
  getter.offer(UID_GETStudyRootQueryRetrieveInformationModel, plain_syntaxes());
  for (int n = 0; n < numberOfDcmShortSCUStorageSOPClassUIDs; ++n) getter.offer(dcmShortSCUStorageSOPClassUIDs[n], plain_syntaxes(), ASC_SC_ROLE_SCP);
  getter.open();
  const OFCondition outcome = getter.sendCGETRequest(getter.context_of(UID_GETStudyRootQueryRetrieveInformationModel), identifier.get(), nullptr);
  remove_leftovers(folder);
  getter.require_good(outcome, "no answer to C-GET");
  return getter.result;
}

Retrieved move(const PacsPeer& peer, const PacsQuery& what, const std::string& destination) {
  require_unique_key(what);
  require_title(destination, "the destination's title");
  const std::unique_ptr<DcmDataset> identifier = identifier_of(what);
  Mover mover(peer);
  mover.offer(UID_MOVEStudyRootQueryRetrieveInformationModel, plain_syntaxes());
  mover.open();
  mover.require_good(mover.sendMOVERequest(mover.context_of(UID_MOVEStudyRootQueryRetrieveInformationModel), destination.c_str(), identifier.get(), nullptr), "no answer to C-MOVE");
  return mover.result;
}

}  // namespace consilium::imaging
