#include "imaging/pacs/association.h"

#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/diutil.h>
#include <fmt/format.h>
#include <signal.h>

#include <mutex>

#include "imaging/dicom/dictionary.h"

namespace consilium::imaging {
namespace {

/// A peer that goes away must not end this program; DCMTK logs values, which may name a patient.
void set_up_network() {
  static std::once_flag once;
  std::call_once(once, [] {
    signal(SIGPIPE, SIG_IGN);
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    load_dictionary();
    dcmDisableGethostbyaddr.set(OFTrue);  // a name server that is down would hold up every association
  });
}

std::string place_of(const PacsPeer& peer) { return fmt::format("{}@{}:{}", peer.title, peer.host, peer.port); }

}  // namespace

Association::Association(const PacsPeer& peer) : peer_(peer) {
  set_up_network();
  require_title(peer.title, "the peer's title");
  require_title(peer.own_title, "our title");
  if (peer.tls) tls_ = make_tls_layer(*peer.tls, NET_REQUESTOR);
  setPeerHostName(peer.host.c_str());
  setPeerPort(peer.port);
  setPeerAETitle(peer.title.c_str());
  setAETitle(peer.own_title.c_str());
  setDIMSEBlockingMode(DIMSE_NONBLOCKING);
  setDIMSETimeout(static_cast<Uint32>(peer.timeout_seconds));
  setACSETimeout(static_cast<Uint32>(peer.timeout_seconds));
  setConnectionTimeout(peer.timeout_seconds);
  setVerbosePCMode(OFFalse);
}

Association::~Association() {
  if (isConnected()) releaseAssociation();
}

void Association::offer(const std::string& abstract_syntax, const std::vector<std::string>& transfer_syntaxes, T_ASC_SC_ROLE role) {
  require(++contexts_ <= 128, ErrorCode::kUnsupported, "more than 128 presentation contexts in one association");
  OFList<OFString> syntaxes;
  for (const std::string& syntax : transfer_syntaxes) syntaxes.push_back(syntax.c_str());
  require(addPresentationContext(abstract_syntax.c_str(), syntaxes, role).good(), ErrorCode::kUnexpected, "a presentation context cannot be offered");
}

void Association::open() {
  require(initNetwork().good(), ErrorCode::kUnexpected, "the network cannot be used");
  if (tls_) require(useSecureConnection(tls_.get()).good(), ErrorCode::kUnexpected, "TLS cannot be used");
  const OFCondition outcome = negotiateAssociation();
  if (outcome.good()) return;
  const std::string place = place_of(peer_);
  if (outcome == DUL_ASSOCIATIONREJECTED) throw Error(ErrorCode::kRefused, place + ": the peer refuses the association (does it know the title " + peer_.own_title + ", and is it called " + peer_.title + "?)");
  if (outcome == NET_EC_NoAcceptablePresentationContexts) throw Error(ErrorCode::kRefused, place + ": the peer does not offer the service");
  throw Error(ErrorCode::kUnreachable, place + ": " + outcome.text());
}

T_ASC_PresentationContextID Association::context_of(const std::string& abstract_syntax, const std::string& transfer_syntax) {
  const T_ASC_PresentationContextID id = findPresentationContextID(abstract_syntax.c_str(), transfer_syntax.c_str());
  require(id != 0, ErrorCode::kUnsupported, place_of(peer_) + ": the peer does not accept " + (dcmFindNameOfUID(abstract_syntax.c_str(), "this kind of object")) + (transfer_syntax.empty() ? "" : std::string(" as ") + dcmFindNameOfUID(transfer_syntax.c_str(), "it is encoded")));
  return id;
}

void Association::require_good(const OFCondition& outcome, const std::string& what) {
  if (outcome.good()) return;
  abortAssociation();  // what it would still send belongs to nobody
  throw Error(ErrorCode::kUnreachable, place_of(peer_) + ": " + what + ": " + outcome.text());
}

const std::vector<std::string>& plain_syntaxes() {
  static const std::vector<std::string> syntaxes{UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax};
  return syntaxes;
}

std::string status_text(unsigned status) {
  const char* meaning = status == 0 ? "success"
                        : (status & 0xFF00) == 0xA700 ? "out of resources"
                        : status == 0xA801 ? "the destination is not known there"
                        : (status & 0xFF00) == 0xA900 || status == 0xA900 ? "the object does not match its class"
                        : (status & 0xF000) == 0xC000 ? "the peer cannot understand or process it"
                        : status == 0xFE00 ? "cancelled"
                        : (status & 0xF000) == 0xB000 ? "done with warnings"
                        : status == 0x0111 ? "another object has its UID"
                        : status == 0x0122 ? "not offered there"
                        : status == 0x0124 ? "not allowed"
                        : "failed";
  return fmt::format("0x{:04X} ({})", status, meaning);
}

}  // namespace consilium::imaging
