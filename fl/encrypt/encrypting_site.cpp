#include "fl/encrypt/encrypting_site.h"

#include <algorithm>
#include <fstream>

#include "base/files.h"
#include "fl/encrypt/encrypted_vector.h"
#include "fl/encrypt/update_layout.h"
#include "fl/signature.h"
#include "fl/unpredictable.h"

namespace consilium::fl {
namespace {

const Ring& ring() {
  static const Ring kRing;
  return kRing;
}

/// Of all that use the key `name`.
Polynomial common_a(std::string_view name) { return ring().uniform(derive_seed("consilium encryption a", name), 0); }

std::string to_string(const Seed& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

/// What the body of a stage says, checked.
struct EncryptingSite::Attempt {
  EncryptionStageBody body;
  std::string context;   ///< context_of
  std::size_t own = 0;  ///< place among the members
  RoundPlan plan;
  std::string name;     ///< of the attempt

  std::vector<std::string> sites() const {
    std::vector<std::string> names;
    for (const EncryptionMember& member : body.members) names.push_back(member.site);
    return names;
  }
  std::vector<Shown> shown_by_all(const std::filesystem::path& file) const;
  Threshold threshold() const { return VectorCipher(ring(), terms(1)).threshold(); }
  VectorTerms terms(std::uint64_t values) const {
    const EncryptionSettings& settings = *plan.protection.encryption;
    return {.sites = static_cast<std::int64_t>(body.members.size()),
            .values = values,
            .slots = slots_of(settings, body.members.size()),
            .smudging_bits = static_cast<int>(settings.smudging_bits),
            .context = context};
  }
};

EncryptingSite::EncryptingSite(EncryptingSiteOptions options) : options_(std::move(options)), key_(read_site_key(key_file())), opened_(options_.folder / "opened_sums.json") {}
EncryptingSite::~EncryptingSite() = default;

std::optional<StageAnswer> EncryptingSite::answer(const RoundStage& stage, const RoundPlan& plan, const ModelState& layout, const Update& update) {
  require(stage.protocol == kEncryption && stage.version == kEncryptionVersion && plan.protection.encryption.has_value(), ErrorCode::kRefused, "the plan does not ask for this protocol");
  StageAnswer answer{plan.round, kEncryption, kEncryptionVersion, stage.attempt, stage.step, {}, {}, {}};
  try {
    if (stage.step == kCommit) {
      answer.body = commit(stage, plan);
      return answer;
    }
    const Attempt attempt = attempt_of(stage, plan);
    if (session_ && session_->answers.contains(stage.step)) return session_->answers.at(stage.step);
    if (stage.step == kShow) answer.body = show(attempt);
    if (stage.step == kEncrypt) {
      encrypt(attempt, stage, layout, update);
      answer.file = vector_file();
    }
    if (stage.step == kOpen) answer.body = open(attempt, stage);
    require(stage.step <= kOpen, ErrorCode::kRefused, "the protocol has no step " + std::to_string(stage.step));
    if (session_) session_->answers[stage.step] = answer;
  } catch (const Error& error) {  // said to the coordinator, which goes on without this site or not at all
    answer.body.clear();
    answer.file.clear();
    answer.declined = error.what();
  }
  return answer;
}

AttemptContext EncryptingSite::context(const RoundStage& stage, const RoundPlan& plan) const { return {options_.federation, plan.round, stage.attempt, plan_digest_of(plan)}; }

/// The share of the key whose seed this site keeps; the same each time.
KeyPair EncryptingSite::own_key() const {
  Seed seed;
  std::copy(key_.seed.begin(), key_.seed.end(), seed.begin());
  KeyPair pair = Threshold(ring(), {.sites = kFewestEncryptingSites}).make_key(common_a(key_.name), KeyStream(seed, 0));
  sodium_memzero(seed.data(), seed.size());
  return pair;
}

EncryptingSite::Session& EncryptingSite::session() {
  require(session_ != nullptr, ErrorCode::kRefused, "this site was started anew in the middle of the attempt");
  return *session_;
}

std::string EncryptingSite::commit(const RoundStage& stage, const RoundPlan& plan) {
  const EncryptionStageBody body = parse_encryption_stage(stage.body);
  const bool is_new_key = key_.name != body.key;
  if (is_new_key) {
    key_.seed.resize(sizeof(Seed));
    randombytes_buf(key_.seed.data(), key_.seed.size());
    key_.name = body.key;
    key_.first_round = plan.round;
    key_.joint.clear();
  }
  require(plan.round >= key_.first_round && plan.round < key_.first_round + plan.protection.encryption->key_rounds, ErrorCode::kRefused, "this key has served for the plan's encryption.key_rounds: a new one is due");
  if (is_new_key || key_.attempt != stage.attempt || !session_) {
    key_.attempt = stage.attempt;
    key_.context.clear();
    write_site_key(key_file(), key_);
    Ephemeral ephemeral = Threshold(ring(), {.sites = kFewestEncryptingSites}).make_ephemeral(common_a(key_.name));
    Shown shown{unpredictable_bytes(kNonceBytes), own_key().public_share, ephemeral.c1};
    session_ = std::make_unique<Session>(Session{std::move(shown), std::move(ephemeral)});
  }
  EncryptionMember member{options_.identity.name, options_.identity.certificate, commitment_of(options_.identity.name, stage.attempt, encode(ring(), session_->shown)), {}, opened_.of_round(plan.round)};
  member.signature = options_.identity.sign(commit_statement(context(stage, plan), body.key, member));
  return encode(member);
}

EncryptingSite::Attempt EncryptingSite::attempt_of(const RoundStage& stage, const RoundPlan& plan) {
  Attempt attempt{parse_encryption_stage(stage.body), {}, 0, plan, stage.attempt};
  const std::vector<EncryptionMember>& members = attempt.body.members;
  require(attempt.body.key == key_.name && stage.attempt == key_.attempt, ErrorCode::kRefused, "this site has not committed itself in this attempt");
  const std::int64_t least = std::max(plan.protection.encryption->least_sites, kFewestEncryptingSites);
  require(static_cast<std::int64_t>(members.size()) >= least, ErrorCode::kRefused, "fewer than " + std::to_string(least) + " sites take part: the sum would tell of single ones");
  const auto own = std::find_if(members.begin(), members.end(), [&](const EncryptionMember& member) { return member.site == options_.identity.name; });
  require(own != members.end() && own->certificate == options_.identity.certificate, ErrorCode::kRefused, "this site is not among those who take part");
  attempt.own = static_cast<std::size_t>(own - members.begin());
  for (const EncryptionMember& member : members) {
    options_.check(member.site, member.certificate);
    require(std::count_if(members.begin(), members.end(), [&](const EncryptionMember& other) { return other.certificate == member.certificate || other.commitment == member.commitment; }) == 1, ErrorCode::kRefused,
            "two of the sites have the same certificate or commitment");
    require(is_signed(member.certificate, commit_statement(context(stage, plan), attempt.body.key, member), member.signature), ErrorCode::kRefused, "site " + member.site + " has not signed its commitment");
  }
  const std::vector<std::string> before = opened_.of_round(plan.round);
  require(before.empty() || before == attempt.sites(), ErrorCode::kRefused, "this site has helped to open the sum of this round over other sites; the difference of two such sums would be a single update");
  attempt.context = context_of(context(stage, plan), attempt.body);
  require(key_.context == attempt.context || (key_.context.empty() && stage.step == kShow), ErrorCode::kRefused, "this site has agreed to other sites or commitments in this attempt");
  return attempt;
}

std::string EncryptingSite::show(const Attempt& attempt) {
  std::string shown = encode(ring(), session().shown);
  require(commitment_of(options_.identity.name, attempt.name, shown) == attempt.body.members[attempt.own].commitment, ErrorCode::kRefused, "this site has committed itself to something else");
  key_.context = attempt.context;
  write_site_key(key_file(), key_);
  return shown;
}

/// What the others have shown, as they were committed to it.
std::vector<Shown> EncryptingSite::Attempt::shown_by_all(const fs::path& file) const {
  const ByteSource bytes = ByteSource::of_file(file);
  require(bytes.size_bytes() == shown_bytes(ring()) * body.members.size(), ErrorCode::kCorruptData, "there is not one share of the public key for each site");
  std::vector<Shown> all;
  for (const EncryptionMember& member : body.members) {
    const std::string shown = bytes.read(all.size() * shown_bytes(ring()), shown_bytes(ring()));
    require(commitment_of(member.site, name, shown) == member.commitment, ErrorCode::kRefused, "what site " + member.site + " shows is not what it is committed to");
    all.push_back(parse_shown(ring(), shown));
  }
  return all;
}

void EncryptingSite::encrypt(const Attempt& attempt, const RoundStage& stage, const ModelState& layout, const Update& update) {
  require(session().ephemeral.has_value(), ErrorCode::kRefused, "this site has encrypted in this attempt already");
  require_fits(update, layout, attempt.plan.round, attempt.plan.base_digest);
  std::vector<Polynomial> shares;
  for (Shown& shown : attempt.shown_by_all(stage.file)) shares.push_back(std::move(shown.public_share));
  const JointKey joint = attempt.threshold().join(common_a(key_.name), shares);
  std::string bytes;
  ring().encode(joint.b, bytes);
  const std::string name = to_string(derive_seed("consilium encryption joint key", bytes));
  require(key_.joint.empty() || key_.joint == name, ErrorCode::kRefused, "the shares of this key are others than before");
  if (key_.joint.empty()) {
    key_.joint = name;
    write_site_key(key_file(), key_);
  }
  const auto& groups = attempt.plan.protection.groups;
  require(!groups || static_cast<std::int64_t>(attempt.body.members.size()) <= groups->sites, ErrorCode::kRefused, "there are more sites than the plan says, so that its numbers of owners say nothing");
  const UpdateLayout sum_layout(attempt.plan.protection, layout, !attempt.plan.is_last_look(), attempt.body.members.size());
  const UpdateLayout::Filler filler(sum_layout, update);
  const VectorCipher cipher(ring(), attempt.terms(sum_layout.values()));
  Ephemeral ephemeral = *std::exchange(session().ephemeral, std::nullopt);
  write_beside(
      vector_file(),
      [&](const fs::path& temporary) {
        std::ofstream file(temporary, std::ios::binary);
        cipher.encrypt(
            joint, std::move(ephemeral), [&](std::uint64_t first, std::span<std::int64_t> values) { filler.fill(first, values); },
            [&](std::string_view part) { file.write(part.data(), static_cast<std::streamsize>(part.size())); });
        file.close();
        require(file.good(), ErrorCode::kCannotWrite, temporary.string() + ": writing the encrypted update failed");
      },
      Durability::kKill);
}

std::string EncryptingSite::open(const Attempt& attempt, const RoundStage& stage) {
  Polynomial sum(ring().words());
  for (const Shown& shown : attempt.shown_by_all(stage.file)) ring().add(sum, shown.c1);
  opened_.open(attempt.plan.round, attempt.sites());  // on disk before a share leaves
  std::string share;
  ring().encode(attempt.threshold().decryption_share(own_key().secret, sum), share);
  return share;
}

}  // namespace consilium::fl
