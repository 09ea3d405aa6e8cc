#include "fl/sqlite.h"

#include <sqlite3.h>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {

void Sqlite::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

Sqlite::Sqlite(const fs::path& file, SqliteMode mode) : file_(file) {
  const bool reads = mode == SqliteMode::kRead;
  if (reads) require_file(file);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &connection, reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  handle_.reset(connection);  // there is one even when it could not be opened
  if (code != SQLITE_OK) throw Error(reads ? ErrorCode::kNotFound : ErrorCode::kCannotWrite, file.string() + ": " + sqlite3_errmsg(connection));
  sqlite3_busy_timeout(connection, 10000);
  // KiB. The system has these pages too, and a coordinator's memory is not to grow with its run. A file that is damaged is told by the first statement.
  const auto keep_little = [&] { sqlite3_exec(connection, "PRAGMA cache_size=-256", nullptr, nullptr, nullptr); };
  if (reads) {
    keep_little();
    return;
  }
  // Where several open a new file at once SQLite does not wait for the one that changes its journal, but says that it is locked.
  constexpr const char* kJournal = "PRAGMA journal_mode=WAL";
  for (int tries = 0; tries < 500 && sqlite3_exec(connection, kJournal, nullptr, nullptr, nullptr) == SQLITE_BUSY; ++tries) sqlite3_sleep(20);
  run(kJournal);
  keep_little();
}
Sqlite::~Sqlite() = default;
Sqlite::Sqlite(Sqlite&&) noexcept = default;
Sqlite& Sqlite::operator=(Sqlite&&) noexcept = default;

void Sqlite::fail(int code) const {
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  const bool reads = sqlite3_db_readonly(handle_.get(), "main") == 1;
  throw Error(damaged ? ErrorCode::kCorruptData : reads ? ErrorCode::kNotFound : ErrorCode::kCannotWrite, file_.string() + ": " + sqlite3_errmsg(handle_.get()));
}

void Sqlite::run(const char* sql) const {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Sqlite::transaction(const std::function<void()>& body) const { within("BEGIN IMMEDIATE", body); }

void Sqlite::snapshot(const std::function<void()>& body) const { within("BEGIN", body); }

void Sqlite::within(const char* begin, const std::function<void()>& body) const {
  run(begin);
  try {
    body();
    run("COMMIT");
  } catch (const Error&) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

bool Sqlite::has_table(const std::string& name) const {
  SqliteStatement statement(*this, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  statement.bind(name);
  return statement.step();
}

SqliteStatement::SqliteStatement(const Sqlite& database, const char* sql) : database_(database) { check(sqlite3_prepare_v2(database.handle(), sql, -1, &statement_, nullptr)); }
SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::check(int code) {
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}
SqliteStatement& SqliteStatement::bind(std::int64_t value) { return check(sqlite3_bind_int64(statement_, ++index_, value)); }
SqliteStatement& SqliteStatement::bind(double value) { return check(sqlite3_bind_double(statement_, ++index_, value)); }
SqliteStatement& SqliteStatement::bind(const std::string& value) { return check(sqlite3_bind_text(statement_, ++index_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT)); }

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}
std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double SqliteStatement::number(int column) const { return sqlite3_column_double(statement_, column); }
std::string SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? "" : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

}  // namespace consilium::fl
