// A thin layer over SQLite: a connection, its statements, its transactions.
//
// The first failure of a connection sticks: every later statement does nothing and yields no row, until
// take_failure() (which Transaction::commit calls). So code between two of those reads straight down, and no
// failure is lost.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace exporter::storage {

// A failure of SQLite: its extended result code and what it was about.
struct SqlFailure {
  int code = 0;
  std::string what;

  bool locked() const;     // another connection holds the file
  bool damaged() const;    // no database, or one that contradicts itself
  bool senseless() const;  // the statement does not fit the tables that are there
};

class Statement;

// One connection; closed with the object. Not thread-safe.
class Database {
 public:
  // Opens an existing file, or ":memory:". Whether it could be opened is told by ok().
  explicit Database(std::string file);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  const std::string& file() const { return file_; }

  bool ok() const { return !failure_; }
  // What failed first since the last take_failure(); null where nothing did.
  const std::optional<SqlFailure>& failure() const { return failure_; }
  std::optional<SqlFailure> take_failure();
  // As a value of the exporter's: class storage, names the file and what to do.
  Error to_error(const SqlFailure& failure) const;

  // Statements without parameters, separated by ';'; their rows are dropped.
  void run(std::string_view sql);
  Statement prepare(std::string_view sql);
  // The first column of the only row; 0 or empty where there is none.
  std::int64_t integer(std::string_view sql);
  std::string text(std::string_view sql);

  // For statements: notes what the connection says about `code`, unless a failure is noted already.
  void fail(int code, std::string_view sql);
  // Notes a failure that SQLite did not report as one, unless another is noted already.
  void fail(SqlFailure failure);
  sqlite3* handle() const { return handle_; }
  bool in_transaction() const;
  // Leaves a write-ahead log that nobody should read into the file as it is.
  void keep_log_on_close();

 private:
  std::string file_;
  sqlite3* handle_ = nullptr;
  std::optional<SqlFailure> failure_;
};

// A prepared statement. It must not outlive its Database, nor a bound text the call of step() or run() that
// reads it.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <class... Values>
  Statement& bind(const Values&... values) {
    rewind();
    int index = 0;
    (bind_value(++index, values), ...);
    return *this;
  }
  // Moves to the next row; false after the last one and after any failure.
  bool step();
  // Binds, runs to the end, and is ready to be run again.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    while (step()) {
    }
    rewind();
  }

  // Of the current row, counted from 0.
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::string_view view(int column) const;  // until the next step()
  SystemTime time(int column) const;        // milliseconds since the epoch
  bool is_null(int column) const;

 private:
  void rewind();
  void bind_value(int index, std::string_view value);
  void bind_value(int index, const std::string& value) { bind_value(index, std::string_view(value)); }
  void bind_value(int index, const char* value) { bind_value(index, std::string_view(value)); }
  void bind_value(int index, std::span<const std::uint8_t> value);
  void bind_value(int index, double value);
  void bind_value(int index, SystemTime value);
  void bind_integer(int index, std::int64_t value);
  void bind_null(int index);
  template <std::signed_integral Value>
  void bind_value(int index, Value value) {
    bind_integer(index, value);
  }
  // SQLite's integers have a sign: what is too large is as large as can be.
  template <std::unsigned_integral Value>
  void bind_value(int index, Value value) {
    bind_integer(index, static_cast<std::int64_t>(
                            std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max())));
  }
  template <class Value>
  void bind_value(int index, const std::optional<Value>& value) {
    if (value) {
      bind_value(index, *value);
    } else {
      bind_null(index);
    }
  }
  void check(int code);

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

// BEGIN IMMEDIATE … COMMIT; rolled back where commit() was not reached or failed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Returns when what was written is on the disk. On an error nothing of it is.
  Result<void> commit();
  // The same, for functions that return what they read.
  template <class Value>
  Result<Value> commit(Value value) {
    if (auto done = commit(); !done) {
      return std::unexpected(std::move(done.error()));
    }
    return value;
  }

 private:
  void roll_back();

  Database& database_;
};

}  // namespace exporter::storage
