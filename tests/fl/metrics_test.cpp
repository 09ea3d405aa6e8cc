#include "fl/transport/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "tests/fl/events.h"
#include "tests/support/program.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using testing::HasSubstr;

/// What comes over a socket of our own after "GET /metrics".
std::string scrape(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(descriptor, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = recv(descriptor, buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<std::size_t>(n));
  close(descriptor);
  return answer;
}

std::string body_of(const std::string& answer) {
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain"));
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

/// Prometheus' text format 0.0.4, strictly: every sample has a type said before it, no name has two blocks, no sample comes twice.
std::map<std::string, double> parse_metrics(const std::string& text) {
  std::map<std::string, double> samples;
  std::set<std::string> typed;
  std::string current;
  const std::regex sample(R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? (-?[0-9.]+(e[+-]?[0-9]+)?|Nan|[+-]Inf))");
  const std::regex type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|summary))"), help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*)");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) continue;
    if (std::regex_match(line, match, type)) {
      current = match[1];
      EXPECT_TRUE(typed.insert(current).second) << line;
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_TRUE(match[1] == current || match[1] == current + "_sum" || match[1] == current + "_count") << line;
      EXPECT_TRUE(samples.emplace(std::string(match[1]) + std::string(match[2]), std::stod(match[5])).second) << line;
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }
  return samples;
}

RunStatus some_status() {
  RunStatus status;
  const auto tell = [&](double time, EventKind kind, std::int64_t round, const std::string& site, std::map<std::string, double> numbers = {}, std::map<std::string, std::string> words = {}) {
    apply(status, Event{time, kind, "run", round, site, std::move(numbers), std::move(words)});
  };
  tell(100, EventKind::kRunStarted, -1, "", {{"rounds", 3}, {"quorum", 2}, {"deadline_seconds", 60}}, {{"sites", "east,north"}});
  tell(100, EventKind::kRoundOpened, 0, "", {{"deadline_seconds", 60}, {"last_look", 0}});
  tell(101, EventKind::kConnected, -1, "east");
  tell(102, EventKind::kModelSent, 0, "east", {{"bytes", 5000}, {"seconds", 1}});
  tell(110, EventKind::kUpdateAccepted, 0, "east", {{"bytes", 7000}, {"seconds", 10}, {"cases", 12}, {"loss", 0.5}});
  tell(112, EventKind::kRoundClosed, 0, "", {{"seconds", 12}, {"accepted", 1}, {"rejected", 0}, {"late", 1}, {"bytes_in", 7000}, {"bytes_out", 5000}, {"validation", 0.625}, {"validation_cases", 4}}, {{"missing", "north"}, {"merged", ""}, {"not_asked", ""}});
  tell(112, EventKind::kRoundOpened, 1, "", {{"deadline_seconds", 60}, {"last_look", 0}});
  tell(113, EventKind::kTrainingProgress, 1, "east", {{"step", 5}, {"steps", 20}});
  tell(114, EventKind::kSiteRefused, -1, "south", {}, {{"reason", "no"}});
  return status;
}

TEST(Metrics, AScrapeHoldsTheRunInTheTextFormat) {
  const MetricsServer server("127.0.0.1:0", some_status, [] { return 120.0; });
  const auto samples = parse_metrics(body_of(scrape(server.port())));
  EXPECT_EQ(samples.at("consilium_rounds_closed_total"), 1);
  EXPECT_EQ(samples.at("consilium_rounds"), 3);
  EXPECT_EQ(samples.at("consilium_round_seconds"), 12);
  EXPECT_EQ(samples.at("consilium_round_open_seconds"), 8);
  EXPECT_EQ(samples.at("consilium_updates_total{outcome=\"accepted\"}"), 1);
  EXPECT_EQ(samples.at("consilium_updates_total{outcome=\"rejected\"}"), 0);
  EXPECT_EQ(samples.at("consilium_bytes_total{site=\"east\",direction=\"in\"}"), 7000);
  EXPECT_EQ(samples.at("consilium_bytes_total{site=\"east\",direction=\"out\"}"), 5000);
  EXPECT_EQ(samples.at("consilium_site_last_seen_seconds{site=\"east\"}"), 7);
  EXPECT_FALSE(samples.contains("consilium_site_last_seen_seconds{site=\"north\"}")) << "never seen";
  EXPECT_EQ(samples.at("consilium_site_state{site=\"north\",state=\"enrolled\"}"), 1);
  EXPECT_EQ(samples.at("consilium_site_state{site=\"north\",state=\"training\"}"), 0);
  EXPECT_EQ(samples.at("consilium_site_training_ratio{site=\"east\"}"), 0.25);
  EXPECT_EQ(samples.at("consilium_site_rounds{site=\"north\",outcome=\"late\"}"), 1);
  EXPECT_EQ(samples.at("consilium_validation_score"), 0.625);
  EXPECT_EQ(samples.at("consilium_refused_total{name=\"south\"}"), 1);
  EXPECT_GT(samples.at("consilium_warnings"), 0);
  EXPECT_GT(samples.at("process_resident_memory_bytes"), 1e6);
}

TEST(Metrics, EveryNameIsDocumented) {
  const MetricsServer server("127.0.0.1:0", some_status, [] { return 120.0; });
  const std::string text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "docs/observing.md");
  for (const auto& [name, value] : parse_metrics(body_of(scrape(server.port())))) {
    if (name.starts_with("exposer_")) continue;  // the library's own
    EXPECT_THAT(text, HasSubstr("`" + name.substr(0, name.find('{')) + "`"));
  }
}

TEST(Metrics, PrometheusOwnToolFindsNothingToSay) {
  const MetricsServer server("127.0.0.1:0", some_status, [] { return 120.0; });
  if (!fs::exists("/usr/bin/promtool")) GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
  const TemporaryFolder folder;
  write_file(folder.path() / "metrics", body_of(scrape(server.port())));
  const auto outcome = consilium::test::run_program({"/bin/sh", "-c", "/usr/bin/promtool check metrics < " + (folder.path() / "metrics").string()});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST(Metrics, AnAddressInUseIsSaid) {
  const MetricsServer server("127.0.0.1:0", some_status, [] { return 120.0; });
  const std::string taken = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUnreachable, [&] { MetricsServer(taken, some_status, [] { return 0.0; }); }), HasSubstr("metrics_listen: cannot listen at " + taken));
}

}  // namespace
}  // namespace consilium::fl
