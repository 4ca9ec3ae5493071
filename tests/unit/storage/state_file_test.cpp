#include "storage/state_file.h"

#include <csignal>
#include <fstream>
#include <functional>

#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/schema.h"
#include "storage/sqlite.h"
#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kMetric = "okta_provisioning_tasks_total";

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

// A process of its own: calls `body` with the writing end of a pipe.
class Child {
 public:
  explicit Child(const std::function<void(int)>& body) {
    int ends[2] = {};
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    read_end_ = ends[0];
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(read_end_);
  }
  pid_t pid() const { return pid_; }
  // Blocks until the child has said something; false when it is gone.
  bool hear() const {
    char byte = 0;
    return read(read_end_, &byte, 1) == 1;
  }
  static void say(int write_end) {
    const char byte = '.';
    if (write(write_end, &byte, 1) != 1) {
      _exit(1);
    }
  }

 private:
  pid_t pid_ = -1;
  int read_end_ = -1;
};

class StateFileTest : public StoreTest {
 protected:
  void count(double amount) {
    const auto done =
        store_->commit_log(id_, {.cursor = {},
                                 .seen_uuids = {},
                                 .tasks = {},
                                 .increments = {{{.metric = kMetric, .labels = "create"}, amount}},
                                 .failures = {}});
    ASSERT_TRUE(done) << done.error().message;
  }
  std::vector<std::string> damaged_files() const { return files_like("state.db.damaged-"); }
  std::vector<std::string> files_like(const std::string& beginning) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      if (entry.path().filename().string().starts_with(beginning)) {
        names.push_back(entry.path().filename().string());
      }
    }
    std::ranges::sort(names);
    return names;
  }
  // Opens as a good but empty state, beside which the damaged one lies.
  void expect_fresh_start() {
    open();
    EXPECT_EQ(counter(kMetric, "create"), 0);
    count(1);
    EXPECT_EQ(log_.count(LogLevel::error), 1U);
    EXPECT_THAT(log_.text(), HasSubstr("moved_to=" + file().string() + ".damaged-20261123T120000000Z"));
  }
  void overwrite(std::size_t offset, const std::string& bytes) {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream << bytes;
  }
};

TEST_F(StateFileTest, DirectoryAndFilesAreForTheirOwnerAlone) {
  const mode_t before = umask(0);
  open();
  count(1);
  umask(before);
  EXPECT_EQ(mode_of(directory()), 0700U);
  EXPECT_EQ(mode_of(file()), 0600U);
  EXPECT_EQ(mode_of(file().string() + "-wal"), 0600U);
  EXPECT_FALSE(std::filesystem::exists(file().string() + "-shm"));
}

TEST_F(StateFileTest, AnExistingFileIsBroughtToItsMode) {
  open();
  store_.reset();
  std::filesystem::permissions(file(), std::filesystem::perms(0664));
  open();
  EXPECT_EQ(mode_of(file()), 0600U);
}

TEST_F(StateFileTest, ADirectoryThatCannotBeMadeIsAnErrorThatNamesIt) {
  std::ofstream(directory()) << "a file";
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error_class, ErrorClass::storage);
  EXPECT_THAT(opened.error().message, HasSubstr(file().string()));
}

TEST_F(StateFileTest, ASecondStoreOfTheSameProcessIsRefused) {
  open();
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("lock is held by this process"));
  // And the first one goes on, with its lock.
  count(1);
  EXPECT_FALSE(try_open());
}

TEST_F(StateFileTest, ASecondProcessIsRefusedWithFileAndHolder) {
  const Child child([&](int out) {
    open();
    Child::say(out);
    pause();
  });
  ASSERT_TRUE(child.hear());
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error_class, ErrorClass::storage);
  EXPECT_THAT(second.error().message, HasSubstr(file().string()));
  EXPECT_THAT(second.error().message, HasSubstr("lock is held by process " + std::to_string(child.pid())));
  EXPECT_THAT(damaged_files(), IsEmpty());
}

TEST_F(StateFileTest, AKilledProcessLeavesCursorCounterAndEventsOfTheSameCommit) {
  constexpr int kKills = 5;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    {
      const Child child([&](int out) {
        open();
        for (int n = static_cast<int>(counter(kMetric, "create")); true; ++n) {
          LogCommit page;
          page.cursor.next_url = std::to_string(n + 1);
          page.seen_uuids = {"event " + std::to_string(n)};
          page.increments = {{{.metric = kMetric, .labels = "create"}, 1}};
          if (!store_->commit_log(id_, page)) {
            _exit(1);
          }
          Child::say(out);
        }
      });
      for (int heard = 0; heard < 20 + kill_number; ++heard) {
        ASSERT_TRUE(child.hear());
      }
    }
    open();
    const int committed = static_cast<int>(counter(kMetric, "create"));
    EXPECT_GE(committed, 20 * (kill_number + 1));
    EXPECT_EQ(store_->log_cursor(id_)->value_or(LogCursor()).next_url, std::to_string(committed));
    EXPECT_THAT(
        *store_->seen(id_, {"event " + std::to_string(committed - 1), "event " + std::to_string(committed)}),
        ElementsAre(true, false));
    store_.reset();
  }
  EXPECT_EQ(log_.count(LogLevel::error), 0U) << log_.text();
}

TEST_F(StateFileTest, AFileThatIsNoDatabaseIsMovedAside) {
  std::filesystem::create_directories(directory());
  std::ofstream(file()) << std::string(10'000, 'x');
  expect_fresh_start();
  ASSERT_THAT(damaged_files(), SizeIs(1));
  EXPECT_EQ(std::filesystem::file_size(directory() / damaged_files()[0]), 10'000U);
}

TEST_F(StateFileTest, ADamagedHeaderIsMovedAside) {
  open();
  count(5);
  store_.reset();
  overwrite(0, "SQLite garbage 3");
  expect_fresh_start();
}

TEST_F(StateFileTest, DamagedPagesAreMovedAside) {
  open();
  count(5);
  store_.reset();
  // Everything behind the first page, which holds the header and the schema's root.
  const auto size = std::filesystem::file_size(file());
  ASSERT_GT(size, 8192U);
  overwrite(4096, std::string(size - 4096, '\x5A'));
  expect_fresh_start();
}

TEST_F(StateFileTest, ATruncatedFileIsMovedAside) {
  open();
  count(5);
  store_.reset();
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  expect_fresh_start();
}

TEST_F(StateFileTest, ADamagedFileTakesItsLogAlong) {
  open();
  store_.reset();
  open();
  count(5);  // in the log now, but not the pages that were there before
  const std::filesystem::path log = file().string() + "-wal";
  const std::filesystem::path copy = directory() / "copy";
  std::filesystem::copy_file(log, copy);
  store_.reset();
  std::filesystem::rename(copy, log);
  std::ofstream(file(), std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  expect_fresh_start();
  EXPECT_THAT(damaged_files(), ElementsAre(testing::EndsWith("Z"), testing::EndsWith("Z-wal")));
}

TEST_F(StateFileTest, ALogThatHoldsEveryPageHealsTheFile) {
  open();
  count(5);
  const std::filesystem::path log = file().string() + "-wal";
  const std::filesystem::path copy = directory() / "copy";
  std::filesystem::copy_file(log, copy);
  store_.reset();
  std::filesystem::rename(copy, log);
  std::ofstream(file(), std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  open();
  EXPECT_EQ(counter(kMetric, "create"), 5);
}

TEST_F(StateFileTest, ADamagedBulkTableIsFoundAsWell) {
  open();
  std::vector<std::string> uuids;
  for (int i = 0; i < 5000; ++i) {
    uuids.push_back("event " + std::to_string(i));
  }
  ASSERT_TRUE(store_->commit_log(
      id_, {.cursor = {}, .seen_uuids = uuids, .tasks = {}, .increments = {}, .failures = {}}));
  store_.reset();
  const auto size = std::filesystem::file_size(file());
  overwrite(size - 8192, std::string(4096, '\x5A'));
  expect_fresh_start();
}

TEST_F(StateFileTest, AnEmptyFileBecomesANewState) {
  std::filesystem::create_directories(directory());
  std::ofstream(file()) << "";
  open();
  EXPECT_THAT(damaged_files(), IsEmpty());
  EXPECT_EQ(log_.count(LogLevel::error), 0U) << log_.text();
}

TEST_F(StateFileTest, AStateOfANewerVersionIsRefusedAndLeftAlone) {
  open();
  count(5);
  store_.reset();
  {
    Database database(file().string());
    database.run("PRAGMA user_version = " + std::to_string(schema_version() + 1));
    ASSERT_TRUE(database.ok());
  }
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("newer version"));
  EXPECT_THAT(opened.error().message, HasSubstr(file().string()));
  EXPECT_THAT(damaged_files(), IsEmpty());
  {
    Database database(file().string());
    database.run("PRAGMA user_version = " + std::to_string(schema_version()));
  }
  open();
  EXPECT_EQ(counter(kMetric, "create"), 5);
}

TEST_F(StateFileTest, AnotherProgramsDatabaseIsMovedAsideAsItIs) {
  std::filesystem::create_directories(directory());
  std::ofstream(file()) << "";
  {
    Database database(file().string());
    database.run("CREATE TABLE theirs (id INTEGER)");
  }
  open();
  EXPECT_EQ(counter(kMetric, "create"), 0);
  EXPECT_EQ(log_.count(LogLevel::error), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("another program"));
  EXPECT_THAT(damaged_files(), IsEmpty());
  const std::vector<std::string> foreign = files_like("state.db.foreign-");
  ASSERT_THAT(foreign, ElementsAre("state.db.foreign-20261123T120000000Z"));
  Database theirs((directory() / foreign[0]).string());
  EXPECT_EQ(theirs.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'theirs'"), 1);
}

TEST_F(StateFileTest, OpeningTwiceMigratesOnce) {
  open();
  store_.reset();
  Database database(file().string());
  EXPECT_EQ(database.integer("PRAGMA user_version"), schema_version());
  EXPECT_EQ(database.integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(origin(database), Origin::ours);
  migrate(database);
  EXPECT_TRUE(database.ok());
  EXPECT_FALSE(find_damage(database, true));
}

TEST_F(StateFileTest, TheFileIsKeptInWriteAheadMode) {
  open();
  count(1);
  store_.reset();
  Database database(file().string());
  EXPECT_EQ(database.text("PRAGMA journal_mode"), "wal");
}

TEST_F(StateFileTest, TheSizeIsThatOfFileAndLog) {
  open();
  count(1);
  EXPECT_EQ(store_->size_bytes(),
            std::filesystem::file_size(file()) + std::filesystem::file_size(file().string() + "-wal"));
}

TEST_F(StateFileTest, InMemoryEverythingWorksAndTheLogSaysWhatItCosts) {
  auto opened = open_store({.path = ":memory:", .reset_counters = false}, clock_, log_);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  id_ = open_integration().id;
  count(3);
  EXPECT_EQ(counter(kMetric, "create"), 3);
  EXPECT_EQ(store_->size_bytes(), 0U);
  EXPECT_EQ(log_.count(LogLevel::warn), 1U);
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

}  // namespace
}  // namespace exporter::storage
