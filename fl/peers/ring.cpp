#include "fl/peers/ring.h"

#include <algorithm>

#include "base/error.h"
#include "fl/aggregate/fedavg.h"
#include "fl/peers/segments.h"

namespace consilium::fl {

void RingPeer::on_view() {
  report_.reset();
  members_.clear();
  parts_.clear();
  whole_.clear();
  early_.clear();
  scattered_ = reduced_ = false;
}

void RingPeer::close(RoundReport report, std::vector<Update>, double now) {
  PeerMessage message{.kind = PeerMessageKind::kForm, .round = record_.run.round, .view = record_.view, .reports = {report}};
  for (const SiteOutcome& site : report.sites) {
    if (!takes_part(site) || site.site == name()) continue;
    message.to = site.site;
    post_.post(message, now);
  }
  form(std::move(report), now);
}

void RingPeer::form(RoundReport report, double now) {
  if (report_ || report.round != record_.run.round || report.base_digest != global_digest_) return;
  std::vector<std::string> members;
  for (const SiteOutcome& site : report.sites)
    if (takes_part(site) && std::find(settings_.peers.begin(), settings_.peers.end(), site.site) != settings_.peers.end()) members.push_back(site.site);
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  report_ = std::move(report);
  moved_ = now;
  members_ = std::move(members);
  const auto own = std::find(members_.begin(), members_.end(), name());
  if (own == members_.end() || !own_update()) {
    members_.clear();  // the leader of this ring went on without this peer
    return;
  }
  place_ = static_cast<std::size_t>(own - members_.begin());
  scatter(now);
  reduce(now);
  for (const auto& [segment, values] : std::exchange(early_, {})) gather(segment, values, now);
}

void RingPeer::scatter(double now) {
  const std::size_t n = members_.size();
  Update header = *own_update();
  header.delta = {};
  for (std::size_t k = 1; k < n; ++k) {
    const std::size_t segment = (place_ + k) % n;
    auto values = std::make_shared<const ModelState>(segment_of(own_update()->delta, record_.run.global, segment, n));
    post_.post({.kind = PeerMessageKind::kPiece, .to = members_[segment], .round = record_.run.round, .view = record_.view, .part = static_cast<std::int64_t>(segment), .update = header, .delta = std::move(values)}, now);
  }
  Update& own = parts_[name()] = header;
  own.delta = segment_of(own_update()->delta, record_.run.global, place_, n);
  scattered_ = true;
}

void RingPeer::on_own_message(const PeerMessage& m, double now) {
  if (m.kind == PeerMessageKind::kForm && m.from == leader() && m.reports.size() == 1) return form(m.reports[0], now);
  if (m.kind != PeerMessageKind::kPiece || !m.delta || m.part < 0) return;
  moved_ = now;
  const auto peers = settings_.peers.size();
  const auto part = static_cast<std::size_t>(m.part);
  if (part >= 2 * peers) return;
  if (part >= peers) return report_ ? gather(part - peers, m.delta, now) : void(early_.emplace(part - peers, m.delta));
  if (!m.update || reduced_) return;
  Update& piece = parts_[m.from] = *m.update;
  piece.site = m.from;
  piece.delta = *m.delta;
  reduce(now);
}

void RingPeer::reduce(double now) {
  if (!report_ || members_.empty() || reduced_) return;
  std::vector<Update> updates;
  for (const std::string& member : members_) {
    const auto found = parts_.find(member);
    if (found == parts_.end()) return;
    updates.push_back(found->second);
  }
  const std::size_t n = members_.size();
  const ModelState base = segment_of(record_.run.global, record_.run.global, place_, n);
  for (const Update& update : updates) {
    try {
      require_valid(update, base, record_.run.round, global_digest_);
    } catch (const Error& error) {  // one bad site is an outcome of the round, not its end
      blame(update.site, error.what());
      return next_view(record_.view + 1, error.what(), now);
    }
  }
  reduced_ = true;
  gather(place_, std::make_shared<const ModelState>(fed_avg(base, updates)), now);
}

void RingPeer::gather(std::size_t segment, const SharedModel& values, double now) {
  const std::size_t n = members_.size();
  if (members_.empty() || segment >= n || !whole_.emplace(segment, values).second) return;
  const std::size_t next = (place_ + 1) % n;
  if (segment != next)  // it has come round
    post_.post({.kind = PeerMessageKind::kPiece, .to = members_[next], .round = record_.run.round, .view = record_.view, .part = static_cast<std::int64_t>(settings_.peers.size() + segment), .delta = values}, now);
  if (whole_.size() < n || record_.accepted_view == record_.view) return;
  Outcome outcome{*report_, record_.run.global, {}};
  try {
    for (const auto& [index, piece] : whole_) put_segment(*piece, index, n, outcome.global);
  } catch (const Error& error) {  // whoever garbled it on the way: another view goes another way
    return next_view(record_.view + 1, error.what(), now);
  }
  outcome.report.result_digest = digest(outcome.global);
  accept(std::move(outcome), now);
}

void RingPeer::on_own_tick(double now) {
  if (members_.empty() || record_.accepted_view == record_.view) return;
  for (const std::string& member : members_)
    if (!post_.is_live(member, now)) return next_view(record_.view + 1, member + " fell out of the ring", now);
  if (now - moved_ > 4 * post_.liveness_seconds() * static_cast<double>(1 + record_.view)) next_view(record_.view + 1, "the ring stands still", now);
}

}  // namespace consilium::fl
