#include "fl/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, event TEXT NOT NULL, round INTEGER, site TEXT, passing INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_passing ON events(id) WHERE passing = 1;"
    "CREATE TABLE IF NOT EXISTS latest(site TEXT NOT NULL, event TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY(site, event));"
    "CREATE TABLE IF NOT EXISTS observation(key TEXT PRIMARY KEY, value TEXT NOT NULL);";

/// All that was announced has come.
bool is_complete(const Event& event) {
  const auto value = [&](const char* name) { return event.numbers.at(name); };
  if (event.kind == EventKind::kTrainingProgress) return value("step") >= value("steps");
  return event.kind == EventKind::kUploadProgress && value("bytes") >= value("of_bytes");
}

std::string observed(const Sqlite& database, const std::string& key) {
  SqliteStatement statement(database, "SELECT value FROM observation WHERE key = ?");
  statement.bind(key);
  return statement.step() ? statement.text(0) : "";
}

void observe(const Sqlite& database, const std::string& key, const std::string& value) {
  SqliteStatement(database, "INSERT INTO observation(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value").bind(key).bind(value).step();
}

}  // namespace

EventLog::EventLog(fs::path folder, const std::string& run, const EventLogOptions& options) : folder_(std::move(folder)), options_(options), database_((make_folder(folder_), folder_ / "run.sqlite"), SqliteMode::kWrite) {
  // A round's transaction is synced by the run store. The last events may be lost with the machine's power, not with the process.
  database_.run("PRAGMA synchronous=NORMAL");
  database_.run(kTables);
  run_ = observed(database_, "run");
  is_new_ = run_.empty();
  if (is_new_) observe(database_, "run", run_ = run);
  SqliteStatement count(database_, "SELECT COUNT(*) FROM events");
  if (count.step()) rows_ = count.integer(0);
}

EventLog::~EventLog() {
  if (file_ >= 0) ::close(file_);
}

bool EventLog::is_kept(const Event& event) {
  if (event.kind == EventKind::kHeartbeat) return false;
  if (!schema_of(event.kind).is_passing || is_complete(event)) return true;
  const auto [last, first] = kept_at_.try_emplace({event.site, event.kind}, event.time);
  if (first) return true;
  if (event.time < last->second + options_.passing_seconds && event.time >= last->second) return false;
  last->second = event.time;
  return true;
}

void EventLog::append(const Event& event) {
  validate(event);
  const std::string body = to_line(event);
  const bool passing = schema_of(event.kind).is_passing, kept = is_kept(event);
  database_.transaction([&] {
    if (passing) SqliteStatement(database_, "INSERT INTO latest VALUES(?, ?, ?, ?) ON CONFLICT(site, event) DO UPDATE SET time = excluded.time, body = excluded.body").bind(event.site).bind(std::string(to_string(event.kind))).bind(event.time).bind(body).step();
    if (kept)
      SqliteStatement(database_, "INSERT INTO events(time, event, round, site, passing, body) VALUES(?, ?, ?, ?, ?, ?)")
          .bind(event.time).bind(std::string(to_string(event.kind))).bind(event.round).bind(event.site).bind(static_cast<std::int64_t>(passing)).bind(body).step();
  });
  if (!kept) return;
  write_line(body + "\n");
  if (++rows_ > options_.most_events) drop_oldest();
}

void EventLog::drop_oldest() {
  // A twentieth at once, so that this is rare.
  const std::int64_t drop = rows_ - options_.most_events + options_.most_events / 20;
  database_.transaction([&] {
    SqliteStatement(database_, "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE passing = 1 ORDER BY id LIMIT ?)").bind(drop).step();
    SqliteStatement count(database_, "SELECT COUNT(*) FROM events");
    if (count.step()) rows_ = count.integer(0);
    const std::int64_t still = rows_ - options_.most_events;
    if (still <= 0) return;
    SqliteStatement(database_, "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE event != 'run_started' ORDER BY id LIMIT ?)").bind(still + options_.most_events / 20).step();
    rows_ -= still + options_.most_events / 20;
  });
}

void EventLog::write_line(const std::string& line) {
  const fs::path path = folder_ / "events.jsonl";
  if (file_ >= 0 && bytes_ + line.size() > options_.most_bytes) {
    ::close(file_);
    file_ = -1;
    fs::rename(path, folder_ / "events.1.jsonl");
  }
  if (file_ < 0) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    require(file_ >= 0, ErrorCode::kCannotWrite, path.string() + ": " + std::strerror(errno));
    const off_t end = ::lseek(file_, 0, SEEK_END);
    bytes_ = end > 0 ? static_cast<std::uint64_t>(end) : 0;
    char last = '\n';
    if (end > 0 && ::pread(file_, &last, 1, end - 1) == 1 && last != '\n') write_line("\n");  // a line that a kill cut off
  }
  const ssize_t written = ::write(file_, line.data(), line.size());
  require(written == static_cast<ssize_t>(line.size()), ErrorCode::kCannotWrite, path.string() + ": " + (written < 0 ? std::strerror(errno) : "no space left"));
  bytes_ += line.size();
}

void EventLog::beat(double time) { observe(database_, "alive_at", utc_text(time)); }

EventReader::EventReader(const fs::path& folder) : database_(folder / "run.sqlite", SqliteMode::kRead) {
  require(database_.has_table("events"), ErrorCode::kNotFound, (folder / "run.sqlite").string() + ": holds no events; it was written by an older version, or is no run of a coordinator");
}

std::vector<Event> EventReader::next(std::size_t most) {
  std::vector<Event> events;
  SqliteStatement statement(database_, "SELECT id, body FROM events WHERE id > ? ORDER BY id LIMIT ?");
  statement.bind(last_id_).bind(static_cast<std::int64_t>(most));
  while (statement.step()) {
    last_id_ = statement.integer(0);
    const std::string origin = "event " + std::to_string(last_id_);
    events.push_back(parse_event(parse_json(statement.text(1), origin, ErrorCode::kCorruptData), origin));
  }
  return events;
}

std::vector<Event> EventReader::latest() const {
  std::vector<Event> events;
  SqliteStatement statement(database_, "SELECT site, body FROM latest ORDER BY time, site, event");
  while (statement.step()) {
    const std::string origin = "newest event of " + statement.text(0);
    events.push_back(parse_event(parse_json(statement.text(1), origin, ErrorCode::kCorruptData), origin));
  }
  return events;
}

std::optional<double> EventReader::alive_at() const {
  const std::string text = observed(database_, "alive_at");
  if (text.empty()) return std::nullopt;
  return parse_utc(text);
}

}  // namespace consilium::fl
