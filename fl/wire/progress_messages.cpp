#include "fl/wire/progress_messages.h"

#include <cmath>

#include "base/error.h"
#include "fl/update.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostRounds = 1000001, kMostSteps = 1000000000000;
constexpr std::size_t kMostDeviceBytes = 64;

void require_range(std::int64_t value, std::int64_t most, const char* field) {
  require(value >= 0 && value <= most, ErrorCode::kCorruptData, std::string("site report: ") + field + " " + std::to_string(value) + " outside [0, " + std::to_string(most) + "]");
}

Event event_of(const std::string& line) { return parse_event(parse_json(line, "observation", ErrorCode::kCorruptData), "observation"); }

}  // namespace

v1::SiteReport to_message(const SiteReport& r) {
  v1::SiteReport message;
  message.set_state(std::string(to_string(r.state)));
  message.set_round(r.round);
  message.set_step(r.step);
  message.set_steps(r.steps);
  if (r.loss) message.set_loss(*r.loss);
  if (r.cases >= 0) message.set_cases(r.cases);
  message.set_validation_cases(r.validation_cases);
  message.set_device(r.device);
  return message;
}

SiteReport from_message(const v1::SiteReport& message) {
  SiteReport r;
  r.state = site_state(message.state()).value_or(SiteState::kEnrolled);
  require(r.state != SiteState::kEnrolled && r.state != SiteState::kDisconnected && r.state != SiteState::kDone, ErrorCode::kCorruptData, "site report: unknown state \"" + plain_text(message.state(), 32) + "\"");
  require_range(message.round(), kMostRounds, "round");
  require_range(message.steps(), kMostSteps, "steps");
  require_range(message.step(), message.steps(), "step");
  r.round = message.round();
  r.step = message.step();
  r.steps = message.steps();
  if (message.has_loss() && std::isfinite(message.loss())) r.loss = message.loss();
  if (message.has_cases()) require_range(message.cases(), kMostCases, "cases"), r.cases = message.cases();
  require_range(message.validation_cases(), kMostCases, "validation_cases");
  r.validation_cases = message.validation_cases();
  r.device = plain_text(message.device(), kMostDeviceBytes);
  return r;
}

v1::Observation to_message(const Observed& observed) {
  v1::Observation message;
  for (const Event& event : observed.events) message.add_event(to_line(event));
  for (const Event& event : observed.latest) message.add_latest(to_line(event));
  return message;
}

Observed from_message(const v1::Observation& message) {
  Observed observed;
  for (const std::string& line : message.event()) observed.events.push_back(event_of(line));
  for (const std::string& line : message.latest()) observed.latest.push_back(event_of(line));
  return observed;
}

}  // namespace consilium::fl
