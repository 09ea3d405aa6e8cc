#include "imaging/pacs/reception.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dul.h>
#include <dcmtk/dcmnet/scp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "imaging/pacs/arrivals.h"
#include "imaging/pacs/association.h"

namespace consilium::imaging {
namespace {

constexpr Uint16 kOutOfResources = 0xA700, kCannotUnderstand = 0xC000, kDuplicateUid = 0x0111;

std::string trimmed(const OFString& title) {
  std::string text(title.c_str());
  while (!text.empty() && text.back() == ' ') text.pop_back();
  const std::size_t first = text.find_first_not_of(' ');
  return printable(first == std::string::npos ? "" : text.substr(first), 16);
}

class Receptionist : public DcmSCP {
 public:
  Receptionist(int connection, const std::filesystem::path& folder, const ListenOptions& options, const std::function<void(const ListenEvent&)>& on_event)
      : connection_(connection), folder_(folder), options_(options), on_event_(on_event), arrivals_(folder, options.least_free_bytes) {}

 protected:
  OFBool checkCalledAETitleAccepted(const OFString& called) override {
    const bool good = trimmed(called) == options_.title;
    if (!good) say(ListenEventKind::kTurnedAway, "calls another title");
    return good;
  }

  OFBool checkCallingAETitleAccepted(const OFString& calling) override {
    title_ = trimmed(calling);
    const bool good = options_.allow_any || std::any_of(options_.allowed.begin(), options_.allowed.end(), [&](const std::string& allowed) {
      const std::size_t at = allowed.rfind('@');
      return at == std::string::npos ? allowed == title_ : allowed.substr(0, at) == title_ && allowed.substr(at + 1) == std::string(getPeerIP().c_str());
    });
    if (!good) say(ListenEventKind::kTurnedAway, "not on the list of callers");
    return good;
  }

  void notifyAssociationAcknowledge() override { alarm(0); }
  OFBool stopAfterCurrentAssociation() override { return OFTrue; }
  OFBool stopAfterConnectionTimeout() override { return OFTrue; }
  void notifyDIMSEError(const OFCondition& outcome) override {
    if (outcome != DUL_PEERREQUESTEDRELEASE && !is_over_) say(ListenEventKind::kBroken, outcome.text());
    is_over_ = true;
  }

  void notifyRECEIVEProgress(const unsigned long bytes) override {
    if (bytes <= options_.most_bytes) return;
    ::shutdown(connection_, SHUT_RDWR);  // an object without end would fill the disk; DCMTK then sees a broken connection
  }

  OFCondition handleIncomingCommand(T_DIMSE_Message* message, const DcmPresentationContextInfo& context) override {
    if (message->CommandField == DIMSE_C_ECHO_RQ) return handleECHORequest(message->msg.CEchoRQ, context.presentationContextID);
    if (message->CommandField != DIMSE_C_STORE_RQ) return DIMSE_BADCOMMANDTYPE;
    return store(message->msg.CStoreRQ, context.presentationContextID);
  }

 private:
  void say(ListenEventKind kind, const std::string& detail) { on_event_({kind, title_, detail}); }

  OFCondition store(T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context) {
    if (!arrivals_.has_room()) {
      // The object must be read to be answered; the caller may come again when there is room.
      const OFCondition drained = receiveSTORERequest(request, context, OFString("/dev/null"));
      if (drained.bad()) return drained;
      say(ListenEventKind::kRefused, "less disk space is free than is to stay free");
      return sendSTOREResponse(context, request, kOutOfResources);
    }
    const std::filesystem::path file = arrivals_.new_file();
    const OFCondition received = receiveSTORERequest(request, context, OFString(file.c_str()));
    if (received.bad()) {
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
      return received;  // in the middle of an object: DCMTK ends the association
    }
    return sendSTOREResponse(context, request, keep(file, request.AffectedSOPInstanceUID));
  }

  Uint16 keep(const std::filesystem::path& file, const std::string& uid) {
    try {
      const auto [arrival, path] = arrivals_.take(file, uid);
      say(arrival == Arrival::kStored ? ListenEventKind::kStored : ListenEventKind::kKnown, std::filesystem::relative(path, folder_).string());
      return 0;
    } catch (const Error& error) {  // the caller must hear of it; its other objects may be sound
      say(ListenEventKind::kRefused, error.what());
      return error.code() == ErrorCode::kCannotWrite ? kOutOfResources : error.code() == ErrorCode::kMismatch ? kDuplicateUid : kCannotUnderstand;
    }
  }

  int connection_;
  std::filesystem::path folder_;
  const ListenOptions& options_;
  const std::function<void(const ListenEvent&)>& on_event_;
  Arrivals arrivals_;
  std::string title_;
  bool is_over_ = false;
};

OFList<OFString> stored_syntaxes() {
  OFList<OFString> syntaxes;
  for (const char* uid : {UID_JPEG2000LosslessOnlyTransferSyntax, UID_JPEG2000TransferSyntax, UID_JPEGLSLosslessTransferSyntax, UID_JPEGLSLossyTransferSyntax, UID_JPEGProcess14SV1TransferSyntax,
                          UID_JPEGProcess14TransferSyntax, UID_JPEGProcess2_4TransferSyntax, UID_JPEGProcess1TransferSyntax, UID_RLELosslessTransferSyntax,
                          UID_DeflatedExplicitVRLittleEndianTransferSyntax, UID_LittleEndianExplicitTransferSyntax, UID_BigEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax})
    syntaxes.push_back(uid);
  return syntaxes;
}

}  // namespace

void receive_association(int connection, const std::filesystem::path& folder, const ListenOptions& options, DcmTLSTransportLayer* tls, const std::function<void(const ListenEvent&)>& on_event) {
  alarm(static_cast<unsigned>(options.timeout_seconds));
  dcmExternalSocketHandle.set(connection);
  Receptionist receptionist(connection, folder, options, on_event);
  OFList<OFString> plain;
  for (const std::string& syntax : plain_syntaxes()) plain.push_back(syntax.c_str());
  receptionist.addPresentationContext(UID_VerificationSOPClass, plain);
  const OFList<OFString> syntaxes = stored_syntaxes();
  for (int n = 0; n < numberOfDcmAllStorageSOPClassUIDs; ++n) receptionist.addPresentationContext(dcmAllStorageSOPClassUIDs[n], syntaxes);
  DcmSCPConfig& config = receptionist.getConfig();
  config.setAETitle(options.title.c_str());
  config.setPort(options.port);
  config.setConnectionBlockingMode(DUL_NOBLOCK);
  config.setConnectionTimeout(static_cast<Uint32>(options.timeout_seconds));
  config.setACSETimeout(static_cast<Uint32>(options.timeout_seconds));
  config.setDIMSEBlockingMode(DIMSE_NONBLOCKING);
  config.setDIMSETimeout(static_cast<Uint32>(options.timeout_seconds));
  config.setVerbosePCMode(OFFalse);
  config.setProgressNotificationMode(OFTrue);
  config.setHostLookupEnabled(OFFalse);
  if (tls != nullptr) config.setTransportLayer(tls);
  receptionist.listen();
}

}  // namespace consilium::imaging
