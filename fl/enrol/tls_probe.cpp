#include "fl/enrol/tls_probe.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>

#include "fl/federation_settings.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

class Connection {
 public:
  Connection(const addrinfo& where, double patience_seconds) : socket_(socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol)) {
    const timeval patience{static_cast<time_t>(patience_seconds), static_cast<suseconds_t>(1e6 * (patience_seconds - static_cast<double>(static_cast<time_t>(patience_seconds))))};
    // On Linux the time limit for sending holds for connect() too.
    is_open_ = socket_ >= 0 && setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 && setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
               connect(socket_, where.ai_addr, where.ai_addrlen) == 0;
  }
  ~Connection() {
    if (socket_ >= 0) close(socket_);
  }
  Connection(const Connection&) = delete;
  bool is_open() const { return is_open_; }
  int descriptor() const { return socket_; }

 private:
  int socket_;
  bool is_open_ = false;
};

/// The host as it is looked up: an IPv6 host without its brackets.
std::string bare_host_of(const std::string& address) {
  std::string host = host_of(address);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

/// A peer that hangs up in the middle of the handshake ends the call, and not the process: OpenSSL writes without MSG_NOSIGNAL.
class WithoutBrokenPipes {
 public:
  WithoutBrokenPipes() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutBrokenPipes() {
    const timespec at_once{0, 0};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutBrokenPipes(const WithoutBrokenPipes&) = delete;

 private:
  sigset_t pipe_, before_;
};

std::optional<std::string> shown(int descriptor, const std::string& host) {
  const std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  require_ssl(context != nullptr, "preparing TLS");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const std::unique_ptr<SSL, Freer<SSL_free>> tls(SSL_new(context.get()));
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  require_ssl(tls && SSL_set_fd(tls.get(), descriptor) == 1 && SSL_set_alpn_protos(tls.get(), kHttp2, sizeof kHttp2) == 0, "preparing TLS");
  SSL_set_tlsext_host_name(tls.get(), host.c_str());
  const WithoutBrokenPipes quiet;
  SSL_connect(tls.get());  // a server that wants a certificate of ours ends it, after it has shown its own
  const Certificate certificate(SSL_get1_peer_certificate(tls.get()));
  ERR_clear_error();
  return certificate ? std::optional(to_pem(certificate.get())) : std::nullopt;
}

}  // namespace

std::optional<std::string> certificate_shown_at(const std::string& address, double patience_seconds) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(bare_host_of(address).c_str(), address.substr(address.rfind(':') + 1).c_str(), &wanted, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, Freer<freeaddrinfo>> owner(found);
  for (const addrinfo* where = found; where != nullptr; where = where->ai_next) {
    const Connection connection(*where, patience_seconds);
    if (!connection.is_open()) continue;
    return shown(connection.descriptor(), bare_host_of(address));
  }
  return std::nullopt;
}

}  // namespace consilium::fl
