#include "fl/encrypt/encrypted_round.h"

#include <algorithm>
#include <fstream>

#include "base/files.h"
#include "base/text.h"
#include "fl/signature.h"
#include "fl/unpredictable.h"

namespace consilium::fl {
namespace {

const Ring& ring() {
  static const Ring kRing;
  return kRing;
}

constexpr int kMostStrikes = 2;

template <typename Value>
std::vector<std::string> names_of(const std::map<std::string, Value>& by_site) {
  std::vector<std::string> names;
  for (const auto& [site, value] : by_site) names.push_back(site);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

struct EncryptedRound::Session {
  Session(const ProtectionSettings& protection, const ModelState& model, bool weights, std::size_t sites, const std::string& context)
      : layout(protection, model, weights, sites),
        cipher(ring(), {.sites = static_cast<std::int64_t>(sites), .values = layout.values(), .slots = layout.slots(), .smudging_bits = static_cast<int>(protection.encryption->smudging_bits), .context = context}),
        context(context) {}

  UpdateLayout layout;
  VectorCipher cipher;
  std::string context;
  std::map<std::string, Polynomial> c1;  // of the sites' keys, as shown
};

EncryptedRound::EncryptedRound(const RoundPlan& plan, std::vector<std::string> asked, const ModelState& model, EncryptedRoundOptions options) : plan_(plan), asked_(std::move(asked)), options_(std::move(options)), key_(options_.key) {
  require(plan_.protection.encryption.has_value(), ErrorCode::kUnexpected, "the plan does not encrypt updates");
  for (const NamedTensor& tensor : model.tensors) model_.tensors.push_back({tensor.name, tensor.group, tensor.shape, {}});
  std::sort(asked_.begin(), asked_.end());
  gather();
}

EncryptedRound::~EncryptedRound() = default;

AttemptContext EncryptedRound::context() const { return {options_.federation, plan_.round, attempt_, plan_digest_of(plan_)}; }

void EncryptedRound::gather() {
  attempt_ = unpredictable_bytes(kAttemptBytes);
  if (key_.empty()) key_ = unpredictable_bytes(kAttemptBytes);
  step_ = kCommit;
  broken_ = false;
  ready_.clear();
  answers_.clear();
  for (const auto& [site, file] : vectors_) fs::remove(file);
  vectors_.clear();
  session_.reset();
  file_.clear();
  body_ = {.key = key_};
}

std::vector<std::string> EncryptedRound::members() const { return names_of(ready_); }
bool EncryptedRound::is_bound(const std::string& site) const { return std::binary_search(bound_.begin(), bound_.end(), site); }
bool EncryptedRound::is_member(const std::string& site) const { return ready_.contains(site); }

std::vector<std::string> EncryptedRound::answered() const { return is_gathering() ? members() : names_of(answers_); }

std::vector<std::string> EncryptedRound::waiting_for() const {
  std::vector<std::string> names;
  if (is_gathering()) {
    // Who was silent, or has declined to take part, may still come but is not waited for; unless nothing can be opened without it.
    for (const std::string& site : asked_)
      if (!is_member(site) && (!absent_.contains(site) || is_bound(site))) names.push_back(site);
  } else {
    for (const std::string& site : members())
      if (!answers_.contains(site)) names.push_back(site);
  }
  return names;
}

std::string EncryptedRound::hindrance() const {
  if (bound_.empty()) return "";
  std::vector<std::string> missing;
  for (const std::string& site : bound_)
    if (!is_member(site)) missing.push_back(site);
  return missing.empty() ? "" : "others have already helped to open a sum over " + joined(missing) + " in this round, and will not open one without";
}

void EncryptedRound::begin(double now) {
  if (!bound_.empty()) std::erase_if(ready_, [&](const auto& entry) { return !is_bound(entry.first); });
  for (const auto& [site, member] : ready_) body_.members.push_back(member);
  session_ = std::make_unique<Session>(plan_.protection, model_, !plan_.is_last_look(), ready_.size(), context_of(context(), body_));
  next_step(now);
}

void EncryptedRound::next_step(double now) {
  ++step_;
  step_ends_ = now + (step_ == kEncrypt ? options_.upload_seconds : plan_.protection.encryption->stage_seconds);
  if (step_ == kEncrypt) {
    std::string all;
    for (const auto& [site, shown] : answers_) all += shown;
    file_ = options_.folder / "shown.bin";
    write_file(file_, all, Durability::kKill);
  }
  answers_.clear();
}

std::optional<RoundStage> EncryptedRound::stage_for(const std::string& site) const {
  const bool asked = is_gathering() ? std::binary_search(asked_.begin(), asked_.end(), site) && !is_member(site) : is_member(site) && !answers_.contains(site);
  if (!asked) return std::nullopt;
  return RoundStage{kEncryption, kEncryptionVersion, attempt_, step_, encode(body_), file_};
}

std::uint64_t EncryptedRound::most_file_bytes() const { return session_ && step_ == kEncrypt ? session_->cipher.encoded_bytes() : 0; }

Receipt EncryptedRound::receive(const std::string& site, const StageAnswer& answer, double) {
  if (answer.protocol != kEncryption || answer.version != kEncryptionVersion) return {ReceiptKind::kRejected, "an answer to another protocol"};
  if (answer.attempt != attempt_ || answer.step != step_) return {ReceiptKind::kStale, "this step is over"};
  if (is_gathering() ? is_member(site) : answers_.contains(site)) return {ReceiptKind::kDuplicate, ""};
  if (!is_gathering() && !is_member(site)) return {ReceiptKind::kStale, "this attempt goes on without this site"};
  if (!answer.declined.empty()) {
    note_failure(site, answer.declined);
    return {ReceiptKind::kAccepted, ""};
  }
  try {
    require(!is_gathering() || strikes_[site] < kMostStrikes || is_bound(site) || is_needed(site), ErrorCode::kRefused, "this site has broken " + std::to_string(kMostStrikes) + " attempts of this round");
    check(site, answer);
  } catch (const Error& error) {  // one site's failure
    note_failure(site, error.what());
    return {ReceiptKind::kRejected, error.what()};
  }
  if (is_gathering()) {
    failures_.erase(site);
    absent_.erase(site);
  }
  return {ReceiptKind::kAccepted, ""};
}

bool EncryptedRound::is_needed(const std::string& site) const {
  const auto holds = [&](const std::string& other) {
    const auto strikes = strikes_.find(other);
    return other != site && (strikes == strikes_.end() || strikes->second < kMostStrikes);
  };
  return std::count_if(asked_.begin(), asked_.end(), holds) < least();
}

void EncryptedRound::note_failure(const std::string& site, const std::string& reason) {
  failures_[site] = reason;
  if (!is_gathering()) ++strikes_[site];
  if (is_gathering() || (strikes_[site] >= kMostStrikes && !is_needed(site))) absent_.insert(site);
  broken_ = !is_gathering() || is_old_key();
}

void EncryptedRound::check(const std::string& site, const StageAnswer& answer) {
  if (is_gathering()) {
    EncryptionMember member = parse_encryption_member(answer.body, site);
    require(is_signed(member.certificate, commit_statement(context(), key_, member), member.signature), ErrorCode::kCorruptData, "the commitment is not signed by the site's certificate");
    if (!member.opened.empty()) {
      std::sort(member.opened.begin(), member.opened.end());
      require(bound_.empty() || bound_ == member.opened, ErrorCode::kMismatch, "this site has helped to open a sum over other sites than the rest");
      bound_ = std::exchange(member.opened, {});
    }
    ready_[site] = std::move(member);
    return;
  }
  const EncryptionMember& member = ready_.at(site);
  if (step_ == kShow) {
    require(commitment_of(site, attempt_, answer.body) == member.commitment, ErrorCode::kCorruptData, "what is shown is not what the site is committed to");
    session_->c1[site] = parse_shown(ring(), answer.body).c1;
    answers_[site] = answer.body;
  } else if (step_ == kEncrypt) {
    require(session_->cipher.key_of(ByteSource::of_file(answer.file)).c1 == session_->c1.at(site), ErrorCode::kCorruptData, "the key of the encrypted update is not the one that the site is committed to");
    answers_[site].clear();
    vectors_[site] = answer.file;
  } else {
    ring().decode(answer.body);
    answers_[site] = answer.body;
    bound_ = members();
  }
}

bool EncryptedRound::advance(double now) {
  if (sum_ || (is_gathering() && !broken_)) return false;
  if (!is_gathering() && answers_.size() == ready_.size()) {
    if (step_ == kOpen) open_sum();
    else next_step(now);
    return true;
  }
  if (!broken_ && now < step_ends_) return false;
  if (!broken_)
    for (const std::string& site : waiting_for()) {
      failures_[site] = "no answer within the time of step " + std::to_string(step_);
      absent_.insert(site);
    }
  key_.clear();
  gather();
  return true;
}

/// Blocks of all sites, added and opened one after the other.
void EncryptedRound::open_sum() {
  const Threshold& threshold = session_->cipher.threshold();
  std::vector<ByteSource> vectors;
  Polynomial c0(ring().words());
  for (const auto& [site, file] : vectors_) {
    vectors.push_back(ByteSource::of_file(file));
    ring().add(c0, session_->cipher.key_of(vectors.back()).c0);
  }
  std::vector<Polynomial> shares;
  for (const auto& [site, share] : answers_) shares.push_back(ring().decode(share));
  try {
    const OneTimeKey key = sum_of_keys(threshold, threshold.decrypt(std::move(c0), shares));
    UpdateLayout::Collector collector(session_->layout);
    session_->cipher.open_sum(key, vectors, [&](std::uint64_t first, std::span<const std::int64_t> values) { collector.take(first, values); });
    sum_ = collector.finish(plan_, members());
  } catch (const Error& error) {  // some site did not keep to the protocol, and nobody can say which: the same sites try again
    for (const std::string& site : members()) failures_[site] = error.what();
    key_.clear();
    gather();
    return;
  }
}

std::optional<ProtectedSum> EncryptedRound::take_sum() { return std::exchange(sum_, std::nullopt); }

}  // namespace consilium::fl
