#include "fl/known_certificate.h"

#include <openssl/x509v3.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// The last values of a function whose value never changes; the oldest goes first.
template <typename Value>
class Remembered {
 public:
  Value value_of(const std::string& text, const std::function<Value()>& find) {
    {
      const std::lock_guard lock(guard_);
      if (const auto known = values_.find(text); known != values_.end()) return known->second;
    }
    Value found = find();  // two threads may find the same
    const std::lock_guard lock(guard_);
    if (values_.emplace(text, found).second) order_.push_back(text);
    if (order_.size() > kMostKnownCertificates) {
      values_.erase(order_.front());
      order_.pop_front();
    }
    return found;
  }

 private:
  std::mutex guard_;
  std::map<std::string, Value> values_;
  std::deque<std::string> order_;
};

}  // namespace

std::shared_ptr<const KnownCertificate> known_certificate(std::string_view pem, const std::string& origin) {
  static Remembered<std::shared_ptr<const KnownCertificate>> known;
  return known.value_of(std::string(pem), [&] {
    auto read = std::make_shared<KnownCertificate>(KnownCertificate{parse_certificate(pem, origin), parse_x509(pem, origin), ""});
    read->pem = to_pem(read->certificate.get());
    return std::shared_ptr<const KnownCertificate>(std::move(read));
  });
}

std::string lasting_chain_fault(std::string_view pem, std::string_view authority_pem, const std::string& origin) {
  static Remembered<std::string> faults;
  return faults.value_of(std::string(pem) + "\n" + std::string(authority_pem), [&] {
    return chain_fault(known_certificate(pem, origin)->certificate.get(), known_certificate(authority_pem, "ca.crt")->certificate.get(), X509_PURPOSE_ANY);
  });
}

}  // namespace consilium::fl
