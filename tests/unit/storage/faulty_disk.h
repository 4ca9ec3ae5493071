// A disk in memory that SQLite writes to, that fails when told to, and that loses what was not synced when
// its power goes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace exporter::storage {

// SQLite's default file system as long as it lives. What else looks at the files (their mode, their size)
// sees those of the real disk, which stay empty. Not thread-safe; one at a time.
class FaultyDisk {
 public:
  enum class Fault : std::uint8_t {
    full,       // writes fail: no space
    error,      // reads and writes fail: the disk does not answer
    power_cut,  // like error; the write at which it happens may have been half done
  };

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // The n-th operation from now on (the first is 1) that the fault concerns fails, and all after it.
  void fail_from(std::uint64_t operation, Fault fault);
  void heal();
  // Whether an operation has failed since fail_from().
  bool failed() const { return failed_; }

  // Of what was written to a file since its last sync, any part is there afterwards, in any order; a write
  // may be torn. A file that was never synced may be gone. No file may be open; heals.
  void lose_power(std::mt19937_64& dice);

  // All files, as they are; to be used on a disk without open files.
  struct Image;
  std::shared_ptr<const Image> image() const;
  void restore(const Image& image);

 private:
  struct Files;
  struct Open;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* result);
  static int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out);
  static const sqlite3_io_methods& methods();
  // The code that an operation has to fail with; SQLITE_OK where it goes on.
  int next_operation(bool writes, int code);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* real_ = nullptr;
  std::unique_ptr<Files> files_;
  Fault fault_ = Fault::error;
  std::uint64_t left_ = 0;  // operations until it fails; 0: none fails
  bool failing_ = false;
  bool failed_ = false;
};

// For the names of tests.
inline void PrintTo(FaultyDisk::Fault fault, std::ostream* out) {
  switch (fault) {
    case FaultyDisk::Fault::full:
      *out << "Full";
      break;
    case FaultyDisk::Fault::error:
      *out << "NoAnswer";
      break;
    case FaultyDisk::Fault::power_cut:
      *out << "PowerCut";
      break;
  }
}

}  // namespace exporter::storage
