#include "storage/sqlite.h"

#include <utility>

#include <sqlite3.h>

namespace exporter::storage {

namespace {

constexpr int primary_code(int code) { return code & 0xFF; }

std::string_view advice(int code) {
  switch (primary_code(code)) {
    case SQLITE_FULL:
      return "; the disk is full: free space or enlarge the volume";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return "; the exporter's user must be able to write the file and its directory";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; restart the exporter: it moves a damaged state aside and begins a new one";
    case SQLITE_IOERR:
      return "; the disk or volume does not answer as it should: look at the kernel's log";
    default:
      return "";
  }
}

}  // namespace

bool SqlFailure::locked() const {
  return primary_code(code) == SQLITE_BUSY || primary_code(code) == SQLITE_LOCKED;
}

bool SqlFailure::damaged() const {
  return primary_code(code) == SQLITE_CORRUPT || primary_code(code) == SQLITE_NOTADB;
}

bool SqlFailure::senseless() const { return primary_code(code) == SQLITE_ERROR; }

Database::Database(std::string file) : file_(std::move(file)) {
  // NOMUTEX: the owner has a mutex of its own around the connection.
  const int code =
      sqlite3_open_v2(file_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    fail(code, "open");
    return;
  }
  sqlite3_extended_result_codes(handle_, 1);
}

Database::~Database() { sqlite3_close_v2(handle_); }

Database::Database(Database&& other) noexcept
    : file_(std::move(other.file_)),
      handle_(std::exchange(other.handle_, nullptr)),
      failure_(std::move(other.failure_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(handle_, other.handle_);
  std::swap(failure_, other.failure_);
  return *this;
}

std::optional<SqlFailure> Database::take_failure() { return std::exchange(failure_, std::nullopt); }

Error Database::to_error(const SqlFailure& failure) const {
  std::string message = "state " + file_ + ": " + failure.what;
  message += advice(failure.code);
  return {.error_class = ErrorClass::storage, .message = std::move(message)};
}

void Database::fail(int code, std::string_view sql) {
  if (failure_) {
    return;
  }
  std::string what = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  what += " (SQLite code " + std::to_string(code) + " in \"";
  what += sql.substr(0, sql.find_first_of("(;\n"));
  what += "\")";
  failure_ = {.code = code, .what = std::move(what)};
}

void Database::fail(SqlFailure failure) {
  if (!failure_) {
    failure_ = std::move(failure);
  }
}

void Database::run(std::string_view sql) {
  if (!ok()) {
    return;
  }
  const std::string terminated(sql);
  const int code = sqlite3_exec(handle_, terminated.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code, sql);
  }
}

Statement Database::prepare(std::string_view sql) { return {*this, sql}; }

std::int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.text(0) : std::string();
}

bool Database::in_transaction() const { return handle_ != nullptr && sqlite3_get_autocommit(handle_) == 0; }

void Database::keep_log_on_close() {
  if (handle_ != nullptr) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (!database_.ok()) {
    return;
  }
  const int code =
      sqlite3_prepare_v2(database_.handle(), sql.data(), static_cast<int>(sql.size()), &handle_, nullptr);
  if (code != SQLITE_OK) {
    database_.fail(code, sql);
  }
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::rewind() {
  // What sqlite3_reset returns was reported by the step before it.
  sqlite3_reset(handle_);
}

void Statement::check(int code) {
  if (code != SQLITE_OK) {
    database_.fail(code, sqlite3_sql(handle_));
  }
}

bool Statement::step() {
  if (!database_.ok()) {
    return false;
  }
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    database_.fail(code, sqlite3_sql(handle_));
  }
  return false;
}

// A null destructor (SQLITE_STATIC) means that SQLite reads the caller's memory and copies nothing.

void Statement::bind_value(int index, std::string_view value) {
  if (database_.ok()) {
    // A null pointer would be bound as NULL; an empty text is a text.
    const char* data = value.data() == nullptr ? "" : value.data();
    check(sqlite3_bind_text64(handle_, index, data, value.size(), nullptr, SQLITE_UTF8));
  }
}

void Statement::bind_value(int index, std::span<const std::uint8_t> value) {
  if (database_.ok()) {
    check(sqlite3_bind_blob64(handle_, index, value.data(), value.size(), nullptr));
  }
}

void Statement::bind_value(int index, double value) {
  if (database_.ok()) {
    check(sqlite3_bind_double(handle_, index, value));
  }
}

void Statement::bind_value(int index, SystemTime value) {
  bind_integer(index, value.time_since_epoch().count());
}

void Statement::bind_integer(int index, std::int64_t value) {
  if (database_.ok()) {
    check(sqlite3_bind_int64(handle_, index, value));
  }
}

void Statement::bind_null(int index) {
  if (database_.ok()) {
    check(sqlite3_bind_null(handle_, index));
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::string_view Statement::view(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

SystemTime Statement::time(int column) const {
  return SystemTime(std::chrono::milliseconds(integer(column)));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Transaction::Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }

Transaction::~Transaction() { roll_back(); }

Result<void> Transaction::commit() {
  database_.run("COMMIT");
  auto failure = database_.take_failure();
  if (!failure) {
    return {};
  }
  roll_back();
  return std::unexpected(database_.to_error(*failure));
}

void Transaction::roll_back() {
  // Some failures (a full disk) have rolled back already.
  if (database_.in_transaction()) {
    database_.take_failure();
    database_.run("ROLLBACK");
  }
  database_.take_failure();
}

}  // namespace exporter::storage
