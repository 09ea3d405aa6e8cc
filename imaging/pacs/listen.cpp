#include "imaging/pacs/listen.h"

#include <arpa/inet.h>
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dul.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "imaging/pacs/arrivals.h"
#include "imaging/pacs/reception.h"

namespace consilium::imaging {
namespace {

constexpr int kQueue = 64;              // connections that wait in the system
constexpr int kLookAroundMs = 200;      // how late a stop or the end of a process is noticed
constexpr int kGraceSeconds = 5;        // for associations that are under way when we stop
constexpr std::pair<ListenEventKind, const char*> kWords[] = {{ListenEventKind::kListening, "listening"}, {ListenEventKind::kStored, "stored"},          {ListenEventKind::kKnown, "known"},
                                                              {ListenEventKind::kRefused, "refused"},     {ListenEventKind::kTurnedAway, "turned away"}, {ListenEventKind::kBroken, "broken"}};

void check(const ListenOptions& options) {
  require_title(options.title, "our title");
  require(options.allow_any || !options.allowed.empty(), ErrorCode::kUsage, "nobody may call: name the titles of callers, or allow all");
  for (const std::string& allowed : options.allowed) require_title(allowed.substr(0, allowed.rfind('@')), "a caller's title");
  require(options.most_associations >= 1 && options.most_associations <= 1000 && options.timeout_seconds >= 1, ErrorCode::kUsage, "at least one association at once, and one second of patience");
}

/// A descriptor that is closed with its scope.
struct Descriptor {
  int number = -1;
  explicit Descriptor(int n) : number(n) {}
  Descriptor(Descriptor&& other) noexcept : number(std::exchange(other.number, -1)) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

Descriptor open_port(const ListenOptions& options) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(listener.number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  require(::inet_pton(AF_INET, options.address.c_str(), &address.sin_addr) == 1, ErrorCode::kUsage, "not an IPv4 address: " + options.address.substr(0, 64));
  const bool good = ::bind(listener.number, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(listener.number, kQueue) == 0;
  const int failure = errno;
  require(good, ErrorCode::kCannotWrite, "cannot listen at " + options.address + ":" + std::to_string(options.port) + ": " + std::strerror(failure));
  return listener;
}

std::uint16_t port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.number, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, ErrorCode::kUnexpected, "no pipe can be made");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// One line per event, shorter than what a pipe takes at once.
std::string encode(const ListenEvent& event) { return std::to_string(static_cast<int>(event.kind)) + "\t" + printable(event.title) + "\t" + printable(event.detail, 1024) + "\n"; }

ListenEvent decode(const std::string& line) {
  const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
  return {static_cast<ListenEventKind>(std::stoi(line.substr(0, first))), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

class Listener {
 public:
  Listener(const std::filesystem::path& folder, const ListenOptions& options, const std::function<void(const ListenEvent&)>& on_event)
      : folder_(folder), options_(options), on_event_(on_event), tls_(options.tls ? make_tls_layer(*options.tls, NET_ACCEPTOR) : nullptr), port_(open_port(options)), pipe_(make_pipe()) {
    on_event_({ListenEventKind::kListening, options.title, std::to_string(port_of(port_))});
  }

  void run(const std::atomic<bool>* stop) {
    while (stop == nullptr || !*stop) {
      const bool has_place = alive_.size() < options_.most_associations;
      pollfd wait[2] = {{pipe_.read.number, POLLIN, 0}, {has_place ? port_.number : -1, POLLIN, 0}};
      ::poll(wait, 2, kLookAroundMs);
      hear();
      reap();
      if ((wait[1].revents & POLLIN) != 0) answer();
    }
  }

  /// What is under way may end in order; then it is ended.
  ~Listener() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kGraceSeconds);
    while (!alive_.empty() && std::chrono::steady_clock::now() < end) {
      hear();
      reap();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    for (const pid_t process : alive_) ::kill(process, SIGKILL);
    while (!alive_.empty()) reap();
    hear();
    remove_leftovers(folder_);
  }

 private:
  void answer() {
    const Descriptor connection(::accept4(port_.number, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.number < 0) return;
    std::fflush(nullptr);  // or the child would print our buffers again
    const pid_t parent = ::getpid(), child = ::fork();
    if (child == 0) serve(connection.number, parent);
    if (child < 0) return;
    alive_.insert(child);
  }

  [[noreturn]] void serve(int connection, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (const int number : {SIGINT, SIGTERM, SIGALRM}) ::signal(number, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
    ::close(port_.number);
    if (::getppid() != parent) ::_exit(1);
    const std::function<void(const ListenEvent&)> tell = [&](const ListenEvent& event) {
      const std::string line = encode(event);
      while (::write(pipe_.write.number, line.data(), line.size()) < 0 && (errno == EAGAIN || errno == EINTR)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    try {
      receive_association(connection, folder_, options_, tls_.get(), tell);
    } catch (const Error& error) {  // this process's main
      tell({ListenEventKind::kBroken, "", error.what()});
      ::_exit(1);
    }
    ::_exit(0);
  }

  void hear() {
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(pipe_.read.number, buffer, sizeof buffer)) > 0;) {
      heard_.append(buffer, static_cast<std::size_t>(count));
      for (std::size_t end = 0; (end = heard_.find('\n')) != std::string::npos; heard_.erase(0, end + 1)) on_event_(decode(heard_.substr(0, end)));
    }
  }

  void reap() {
    int status = 0;
    for (pid_t process = 0; (process = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (alive_.erase(process) == 0) continue;
      remove_files_of(process);
      if (WIFSIGNALED(status)) on_event_({ListenEventKind::kBroken, "", WTERMSIG(status) == SIGALRM ? "no association was asked for in time" : "the process of an association ended by signal " + std::to_string(WTERMSIG(status))});
    }
  }

  void remove_files_of(pid_t process) {
    std::error_code status;
    const std::string prefix = std::to_string(process) + "-";
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / ".incoming", status)) {
      std::error_code ignored;
      if (entry.path().filename().string().starts_with(prefix)) std::filesystem::remove(entry.path(), ignored);
    }
  }

  const std::filesystem::path& folder_;
  const ListenOptions& options_;
  const std::function<void(const ListenEvent&)>& on_event_;
  std::unique_ptr<DcmTLSTransportLayer> tls_;
  Descriptor port_;
  const Pipe pipe_;  ///< by which the processes of associations tell what happened
  std::set<pid_t> alive_;
  std::string heard_;
};

}  // namespace

std::string to_string(ListenEventKind kind) {
  for (const auto& [known, word] : kWords)
    if (known == kind) return word;
  return "?";
}

void listen(const std::filesystem::path& folder, const ListenOptions& options, const std::function<void(const ListenEvent&)>& on_event, const std::atomic<bool>* stop) {
  check(options);
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);  // DCMTK logs values, which may name a patient
  dcmDisableGethostbyaddr.set(OFTrue);        // a name server that is down would hold up every association
  Arrivals(folder, 0);                        // the folder can be written
  Listener(folder, options, on_event).run(stop);
}

}  // namespace consilium::imaging
