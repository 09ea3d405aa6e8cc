#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace consilium::pipelines {

/// Who a site is and where its federation is: from its settings, its keys folder, and, on the first start, its invitation.
struct Membership {
  std::string name;
  std::string coordinator;              ///< host:port, or "@FILE"
  std::vector<std::string> enrolments;  ///< host:port; asked why when the coordinator refuses
};

struct MembershipOptions {
  std::string name;              ///< empty: the invitation's
  std::string coordinator;       ///< empty: the invitation's
  std::string keys;              ///< folder with ca.crt, NAME.crt and NAME.key, or where they will be
  std::string invitation;        ///< file; empty: the keys are there
  double give_up_seconds = 3600; ///< while no enrolment service answers
};

/// Enrols if there is no certificate yet; needs the invitation only for that, or for a name that is not given.
/// @throws Error{kMismatch} the invitation is for another name; as enrol_over_tls.
Membership membership(const MembershipOptions& options, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
