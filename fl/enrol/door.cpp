#include "fl/enrol/door.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/known_certificate.h"

namespace consilium::fl {
namespace {

constexpr const char* kAskAgain = "ask the owner of the federation for an invitation, and enrol anew in another keys folder";

bool may(Role role, Right right) {
  switch (right) {
    case Right::kWatch: return role != Role::kCoordinator && role != Role::kPeer;
    case Right::kTakePart: return role == Role::kSite;
    case Right::kObserve: return role == Role::kObserver || role == Role::kAdmin;
    case Right::kAdminister: return role == Role::kAdmin;
    case Right::kRenew: return role != Role::kCoordinator;
    case Right::kExchange: return role == Role::kPeer || role == Role::kSite;
  }
  return false;
}

std::string_view words_of(Right right) {
  switch (right) {
    case Right::kWatch: return "watch";
    case Right::kTakePart: return "take part";
    case Right::kObserve: return "observe the other sites";
    case Right::kAdminister: return "administer";
    case Right::kRenew: return "renew a certificate here";
    case Right::kExchange: return "exchange letters";
  }
  return "";
}

std::string advice_on(const std::string& revocation) {
  return revocation.ends_with("(superseded)") ? "a newer certificate of the same name has taken its place: use that one" : kAskAgain;
}

std::string told(const std::string& why, const std::string& advice) { return advice.empty() ? why : why + "; " + advice; }

}  // namespace

Door::Door(DoorOptions options)
    : options_(std::move(options)),
      authority_pem_(read_file(options_.keys / "ca.crt", kMostPemBytes)),
      refusals_(options_.refused, options_.clock),
      revocations_(options_.keys / "ca.crl", authority_pem_) {}

std::string Door::revoked(const std::string& serial) {
  const std::lock_guard lock(guard_);
  try {  // a list that went bad must not let anybody in again, and must not stop the federation either
    if (revocations_.refresh()) log_line("revocation list read: " + std::to_string(revocations_.list().size()) + " certificates");
  } catch (const Error& error) {
    log_warning(error.what());
  }
  const auto at = revocations_.list().find(serial);
  if (at == revocations_.list().end()) return "";
  const std::string reason(to_string(at->second.reason));
  return "its certificate (serial " + serial + ") was revoked on " + to_iso_time(at->second.when) + (reason == "revoked" ? "" : " (" + reason + ")");
}

Door::Verdict Door::judge(std::string_view certificate_pem, Right right) {
  const auto known = known_certificate(certificate_pem, "the caller's certificate");
  const CertificateSummary& summary = known->summary;
  Verdict verdict{.caller = {summary.name, Role::kSite, summary.serial, summary.not_after}, .is_known = false, .why = "", .advice = ""};
  const std::int64_t now = options_.clock();
  // Time has words of its own, below.
  const std::string fault = lasting_chain_fault(certificate_pem, authority_pem_, "the caller's certificate");
  const auto refuse = [&](const std::string& why, const std::string& advice) {
    verdict.why = why;
    verdict.advice = advice;
    return verdict;
  };
  if (!fault.empty()) {
    const bool is_namesake = X509_NAME_cmp(X509_get_issuer_name(known->certificate.get()), X509_get_subject_name(known_certificate(authority_pem_, "ca.crt")->certificate.get())) == 0;
    return refuse("its certificate is not signed by this federation's authority (" + fault + ")", std::string(is_namesake ? "it is of an older generation of the federation: " : "") + kAskAgain);
  }
  verdict.is_known = true;
  const std::string clock = "the coordinator's clock says " + to_iso_time(now);
  if (now < summary.not_before) return refuse("its certificate is not valid before " + to_iso_time(summary.not_before), clock + ": one of the two clocks is wrong");
  if (now > summary.not_after) return refuse("its certificate expired on " + to_iso_time(summary.not_after), clock + "; if it is right, " + kAskAgain);
  if (const std::string words = revoked(summary.serial); !words.empty()) return refuse(words, advice_on(words));
  const auto role = role_of(summary.role);
  if (!role) return refuse("its certificate names no role", kAskAgain);
  verdict.caller.role = *role;
  if (!may(*role, right)) return refuse("the certificate of \"" + summary.name + "\" is for the role " + summary.role + ", which may not " + std::string(words_of(right)), "");
  const bool is_bound = right == Right::kExchange || (*role == Role::kSite && (right == Right::kTakePart || right == Right::kWatch));
  if (is_bound && std::find(options_.sites.begin(), options_.sites.end(), summary.name) == options_.sites.end())
    return refuse("site \"" + summary.name + "\" does not belong to this federation", right == Right::kExchange ? "its name has to stand in the settings" : "its name has to stand in the coordinator's settings, under sites");
  return verdict;
}

void Door::list(const std::string& who, const std::string& why, bool is_known) {
  refusals_.add(who, why, is_known);
  if (is_known && options_.on_refusal) options_.on_refusal(who, why);
}

Caller Door::admit(std::string_view certificate_pem, Right right) {
  const Verdict verdict = judge(certificate_pem, right);
  if (verdict.why.empty()) return verdict.caller;
  list(verdict.caller.name, verdict.why, verdict.is_known);
  throw Error(ErrorCode::kRefused, told(verdict.why, verdict.advice));
}

std::string Door::objection(std::string_view certificate_pem, Right right) {
  const Verdict verdict = judge(certificate_pem, right);
  return verdict.why.empty() ? "" : told(verdict.why, verdict.advice);
}

void Door::require_current(const Caller& caller) {
  std::string why = revoked(caller.serial), advice = advice_on(why);
  if (why.empty() && options_.clock() > caller.not_after) why = "its certificate expired on " + to_iso_time(caller.not_after);
  if (why.empty()) return;
  list(caller.name, why, true);
  throw Error(ErrorCode::kRefused, told(why, advice));
}

std::string Door::explain(std::string_view certificate_pem) {
  const Verdict verdict = judge(certificate_pem, Right::kWatch);
  if (verdict.why.empty()) return "";
  list(verdict.caller.name, verdict.why, verdict.is_known);
  return told(verdict.why, verdict.advice);
}

void Door::note_refusal(const std::string& who, const std::string& why, bool is_known) { list(who, why, is_known); }

}  // namespace consilium::fl
