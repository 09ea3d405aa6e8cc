#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace consilium::fl {

enum class SqliteMode {
  kWrite,   ///< made when absent, WAL
  kRead,    ///< must exist; a writer may be at work
};

/// One connection to an SQLite file; every failure becomes an Error that names the file.
class Sqlite {
 public:
  /// @throws Error{kCannotWrite}, or Error{kNotFound} in reading mode: it cannot be opened; Error{kCorruptData} it is damaged, or no database.
  Sqlite(const std::filesystem::path& file, SqliteMode mode);
  ~Sqlite();
  Sqlite(Sqlite&&) noexcept;
  Sqlite& operator=(Sqlite&&) noexcept;

  /// Statements without values or rows.
  void run(const char* sql) const;
  /// `body` between BEGIN IMMEDIATE and COMMIT; rolled back when it throws.
  void transaction(const std::function<void()>& body) const;
  /// `body` sees one state of the file, whatever a writer does beside it.
  void snapshot(const std::function<void()>& body) const;
  bool has_table(const std::string& name) const;
  [[noreturn]] void fail(int code) const;
  sqlite3* handle() const { return handle_.get(); }

 private:
  void within(const char* begin, const std::function<void()>& body) const;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::filesystem::path file_;
};

/// A prepared statement; values are bound in order.
class SqliteStatement {
 public:
  SqliteStatement(const Sqlite& database, const char* sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(double value);
  SqliteStatement& bind(const std::string& value);
  /// True while there is a row.
  bool step();
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;

 private:
  SqliteStatement& check(int code);
  const Sqlite& database_;
  sqlite3_stmt* statement_ = nullptr;
  int index_ = 0;
};

}  // namespace consilium::fl
