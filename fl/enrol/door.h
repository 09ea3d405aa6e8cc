#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fl/enrol/refusals.h"
#include "fl/enrol/revocation.h"
#include "fl/keys.h"

namespace consilium::fl {

/// What a call to a coordinator, a peer or a relay is for.
enum class Right {
  kWatch,       ///< hear the announcements: sites, observers, admins
  kTakePart,    ///< fetch models, send updates: sites that the federation names
  kObserve,     ///< see what every site does: observers, admins
  kAdminister,  ///< list, revoke: admins
  kRenew,       ///< a new certificate for the same name: everybody but coordinators
  kExchange     ///< letters between sites without coordinator: peers and sites that the federation names
};

/// Who calls, by the certificate of the connection.
struct Caller {
  std::string name;
  Role role = Role::kSite;
  std::string serial;
  std::int64_t not_after = 0;
};

struct DoorOptions {
  std::filesystem::path keys;             ///< ca.crt and ca.crl
  std::filesystem::path refused;          ///< refused.json
  std::vector<std::string> sites;         ///< who may take part
  WallClock clock = wall_seconds;
  /// Called with every attempt of somebody with a certificate of this federation that is refused: the name in it, and why. From any thread.
  std::function<void(const std::string& who, const std::string& why)> on_refusal{};
};

/// Decides who is let in, with a reason for everybody who is not. Mutual TLS has done so before in a connection with a certificate of
/// another authority; here it is said in words, and what TLS does not know is added: roles, membership, revocation.
/// Several threads may use it.
class Door {
 public:
  /// @throws Error{kNotFound} no authority; Error{kCorruptData} a revocation list that cannot be trusted
  explicit Door(DoorOptions options);

  /// @throws Error{kRefused} saying why and what to do; the attempt is listed.
  Caller admit(std::string_view certificate_pem, Right right);
  /// As admit, for who has not called: nothing is listed.
  std::string objection(std::string_view certificate_pem, Right right);
  /// For a stream that is open: @throws Error{kRefused} the certificate was revoked, or has expired, since it began.
  void require_current(const Caller& caller);
  /// Why a certificate would not be admitted; empty when it would be. An attempt that is refused is listed.
  std::string explain(std::string_view certificate_pem);

  /// Lists an attempt that another part refused.
  void note_refusal(const std::string& who, const std::string& why, bool is_known);
  Json refused() const { return refusals_.to_json(); }
  /// To be called now and then: writes the list.
  void tick() { refusals_.flush(); }
  void close() { refusals_.write(); }  ///< at the end: writes what tick() would have
  std::int64_t now() const { return options_.clock(); }
  const std::string& authority_pem() const { return authority_pem_; }

 private:
  struct Verdict {
    Caller caller;
    bool is_known = false;  ///< the certificate is of our authority
    std::string why;        ///< empty: admitted. The same words at every attempt, so that they can be counted
    std::string advice;
  };
  Verdict judge(std::string_view certificate_pem, Right right);
  void list(const std::string& who, const std::string& why, bool is_known);
  /// What the revocation list says of a serial, after a look whether the list has changed.
  std::string revoked(const std::string& serial);

  const DoorOptions options_;
  const std::string authority_pem_;
  Refusals refusals_;
  std::mutex guard_;
  RevocationFile revocations_;
};

}  // namespace consilium::fl
