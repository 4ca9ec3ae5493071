#include "unit/storage/faulty_disk.h"

#include <algorithm>
#include <cstring>

namespace exporter::storage {

namespace {

// A write at an offset, or the end of the file moved there.
struct Change {
  std::size_t offset = 0;
  std::string bytes;
  bool truncates = false;
};

void change_content(const Change& change, std::string& content) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  content.resize(std::max(content.size(), change.offset + change.bytes.size()));
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

struct Content {
  std::string now;      // what a reader sees
  std::string durable;  // what is there after a power cut, with some of `pending`
  std::vector<Change> pending;
  bool synced = false;  // ever
};

}  // namespace

struct FaultyDisk::Image {
  std::map<std::string, Content> contents;
};

struct FaultyDisk::Files {
  std::map<std::string, std::shared_ptr<Content>> by_name;
};

// What SQLite allocates for an open file: C's layout, `base` first. The content is shared, so that a file
// that was removed can still be read by whoever has it open.
struct FaultyDisk::Open {
  sqlite3_file base;
  FaultyDisk* disk;
  std::shared_ptr<Content>* content;
};

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), files_(std::make_unique<Files>()) {
  vfs_ = *real_;
  vfs_.iVersion = 1;
  vfs_.pNext = nullptr;
  vfs_.zName = "faulty-disk";
  vfs_.szOsFile = sizeof(Open);
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  vfs_.xAccess = access;
  vfs_.xFullPathname = full_path;
  // Random bytes, time and sleep stay the real ones, which need nothing of the file system's own.
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyDisk::fail_from(std::uint64_t operation, Fault fault) {
  fault_ = fault;
  left_ = operation;
  failing_ = failed_ = false;
}

void FaultyDisk::heal() {
  left_ = 0;
  failing_ = false;
}

int FaultyDisk::next_operation(bool writes, int code) {
  if (fault_ == Fault::full && !writes) {
    return SQLITE_OK;
  }
  if (left_ > 0 && --left_ == 0) {
    failing_ = true;
  }
  failed_ = failed_ || failing_;
  return failing_ ? (fault_ == Fault::full ? SQLITE_FULL : code) : SQLITE_OK;
}

void FaultyDisk::lose_power(std::mt19937_64& dice) {
  heal();
  const auto below = [&](std::uint64_t bound) { return dice() % bound; };
  std::erase_if(files_->by_name, [&](const auto& file) { return !file.second->synced && below(3) == 0; });
  for (const auto& [name, content] : files_->by_name) {
    std::ranges::shuffle(content->pending, dice);
    for (Change& change : content->pending) {
      const std::uint64_t fate = below(4);
      if (fate == 0 && !change.truncates) {
        change.bytes.resize(below(change.bytes.size() + 1));
      }
      if (fate < 2) {
        change_content(change, content->durable);
      }
    }
    content->pending.clear();
    content->now = content->durable;
  }
}

std::shared_ptr<const FaultyDisk::Image> FaultyDisk::image() const {
  auto image = std::make_shared<Image>();
  for (const auto& [name, content] : files_->by_name) {
    image->contents.emplace(name, *content);
  }
  return image;
}

void FaultyDisk::restore(const Image& image) {
  heal();
  files_->by_name.clear();
  for (const auto& [name, content] : image.contents) {
    files_->by_name.emplace(name, std::make_shared<Content>(content));
  }
}

int FaultyDisk::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
  auto* opened = reinterpret_cast<Open*>(file);
  opened->base.pMethods = nullptr;
  std::shared_ptr<Content> content;
  if (name == nullptr) {
    content = std::make_shared<Content>();
  } else if (const auto found = disk.files_->by_name.find(name); found != disk.files_->by_name.end()) {
    content = found->second;
  } else {
    if (const int code = disk.next_operation(true, SQLITE_CANTOPEN); code != SQLITE_OK) {
      return code;
    }
    content = disk.files_->by_name.emplace(name, std::make_shared<Content>()).first->second;
  }
  opened->disk = &disk;
  opened->content = new std::shared_ptr<Content>(std::move(content));
  opened->base.pMethods = &methods();
  if (out_flags != nullptr) {
    *out_flags = flags;
  }
  return SQLITE_OK;
}

int FaultyDisk::remove(sqlite3_vfs* vfs, const char* name, int /*sync_directory*/) {
  auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
  if (const int code = disk.next_operation(true, SQLITE_IOERR_DELETE); code != SQLITE_OK) {
    return code;
  }
  return disk.files_->by_name.erase(name) == 0 ? SQLITE_IOERR_DELETE_NOENT : SQLITE_OK;
}

int FaultyDisk::access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
  if (const int code = disk.next_operation(false, SQLITE_IOERR_ACCESS); code != SQLITE_OK) {
    return code;
  }
  // As on the real disk, an empty file does not exist.
  const auto found = disk.files_->by_name.find(name);
  *result =
      found != disk.files_->by_name.end() && (flags != SQLITE_ACCESS_EXISTS || !found->second->now.empty())
          ? 1
          : 0;
  return SQLITE_OK;
}

int FaultyDisk::full_path(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

const sqlite3_io_methods& FaultyDisk::methods() {
  static const sqlite3_io_methods methods = [] {
    const auto nothing = [](sqlite3_file*, int) { return SQLITE_OK; };
    sqlite3_io_methods table{};
    table.iVersion = 1;  // no shared memory: the exporter's lock is exclusive
    table.xClose = [](sqlite3_file* file) {
      delete reinterpret_cast<Open*>(file)->content;
      return SQLITE_OK;
    };
    table.xRead = [](sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
      const auto* opened = reinterpret_cast<Open*>(file);
      if (const int code = opened->disk->next_operation(false, SQLITE_IOERR_READ); code != SQLITE_OK) {
        return code;
      }
      const std::string& content = (*opened->content)->now;
      const auto from = std::min(static_cast<std::size_t>(offset), content.size());
      const auto wanted = static_cast<std::size_t>(amount);
      const auto there = std::min(wanted, content.size() - from);
      std::memcpy(out, content.data() + from, there);
      std::memset(static_cast<char*>(out) + there, 0, wanted - there);
      return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    };
    table.xWrite = [](sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
      const auto* opened = reinterpret_cast<Open*>(file);
      Change change{.offset = static_cast<std::size_t>(offset),
                    .bytes = {static_cast<const char*>(data), static_cast<std::size_t>(amount)}};
      const bool before = opened->disk->failing_;
      const int code = opened->disk->next_operation(true, SQLITE_IOERR_WRITE);
      if (code != SQLITE_OK) {
        if (before || opened->disk->fault_ != Fault::power_cut) {
          return code;
        }
        change.bytes.resize(change.bytes.size() / 2);
      }
      change_content(change, (*opened->content)->now);
      (*opened->content)->pending.push_back(std::move(change));
      return code;
    };
    table.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
      const auto* opened = reinterpret_cast<Open*>(file);
      if (const int code = opened->disk->next_operation(true, SQLITE_IOERR_TRUNCATE); code != SQLITE_OK) {
        return code;
      }
      const Change change{.offset = static_cast<std::size_t>(size), .bytes = {}, .truncates = true};
      change_content(change, (*opened->content)->now);
      (*opened->content)->pending.push_back(change);
      return SQLITE_OK;
    };
    table.xSync = [](sqlite3_file* file, int) {
      const auto* opened = reinterpret_cast<Open*>(file);
      if (const int code = opened->disk->next_operation(true, SQLITE_IOERR_FSYNC); code != SQLITE_OK) {
        return code;
      }
      Content& content = **opened->content;
      content.durable = content.now;
      content.pending.clear();
      content.synced = true;
      return SQLITE_OK;
    };
    table.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>((*reinterpret_cast<Open*>(file)->content)->now.size());
      return SQLITE_OK;
    };
    table.xLock = nothing;
    table.xUnlock = nothing;
    table.xCheckReservedLock = [](sqlite3_file*, int* reserved) {
      *reserved = 0;
      return SQLITE_OK;
    };
    table.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    table.xSectorSize = [](sqlite3_file*) { return 4096; };
    // What SQLite believes of every Unix disk.
    table.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    return table;
  }();
  return methods;
}

}  // namespace exporter::storage
