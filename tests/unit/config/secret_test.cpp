#include "config/secret.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace exporter::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SystemSecrets : public ::testing::Test {
 protected:
  SystemSecrets() {
    std::string pattern = (std::filesystem::temp_directory_path() / "secret_test.XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SystemSecrets() override { std::filesystem::remove_all(directory_); }
  SystemSecrets(const SystemSecrets&) = delete;
  SystemSecrets& operator=(const SystemSecrets&) = delete;

  std::string path(const char* name) const { return (directory_ / name).string(); }
  void write(const char* name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
  }
  Result<std::string> read_file(const char* name) {
    return source_.read({.source = SecretRef::Source::file, .text = path(name)});
  }
  std::string failure_of_file(const char* name) {
    const Result<std::string> secret = read_file(name);
    if (secret) return "read";
    EXPECT_EQ(secret.error().error_class, ErrorClass::authentication);
    EXPECT_THAT(secret.error().message, HasSubstr(path(name)));
    return secret.error().message;
  }

  std::filesystem::path directory_;
  SystemSecretSource source_;
};

TEST_F(SystemSecrets, AreReadFromAFileWithoutTheLineEnd) {
  write("token", "s3cret \r\n\n");
  EXPECT_EQ(read_file("token").value(), "s3cret ");
}

TEST_F(SystemSecrets, KeepInnerLineEndsOfAKey) {
  write("key", "-----BEGIN\nabc\n-----END\n");
  EXPECT_EQ(read_file("key").value(), "-----BEGIN\nabc\n-----END");
}

TEST_F(SystemSecrets, AreReadAgainWhenTheFileChanged) {
  write("token", "old");
  EXPECT_EQ(read_file("token").value(), "old");
  write("token", "new");
  EXPECT_EQ(read_file("token").value(), "new");
  // As Kubernetes does it: a symbolic link that is swapped.
  write("other", "newest");
  std::filesystem::remove(path("token"));
  std::filesystem::create_symlink(path("other"), path("token"));
  EXPECT_EQ(read_file("token").value(), "newest");
}

TEST_F(SystemSecrets, NameTheFileThatCannotBeUsed) {
  EXPECT_THAT(failure_of_file("missing"), HasSubstr("No such file"));
  write("empty", "\n");
  EXPECT_THAT(failure_of_file("empty"), HasSubstr("is empty"));
  std::filesystem::create_directory(path("folder"));
  EXPECT_THAT(failure_of_file("folder"), HasSubstr("not a regular file"));
}

TEST_F(SystemSecrets, AreAtMost64KiBLong) {
  write("long", std::string(65536, 'x'));
  EXPECT_EQ(read_file("long").value().size(), 65536U);
  write("longer", std::string(65537, 'x'));
  const std::string message = failure_of_file("longer");
  EXPECT_THAT(message, HasSubstr("larger than 64 KiB"));
  EXPECT_THAT(message, Not(HasSubstr("xxx")));
}

TEST_F(SystemSecrets, AreReadFromTheEnvironment) {
  ::setenv("OSN_SECRET_TEST", "from-env\n", 1);
  EXPECT_EQ(source_.read({.source = SecretRef::Source::env, .text = "OSN_SECRET_TEST"}).value(), "from-env");
  ::setenv("OSN_SECRET_TEST", "", 1);
  EXPECT_THAT(source_.read({.source = SecretRef::Source::env, .text = "OSN_SECRET_TEST"}).error().message,
              HasSubstr("OSN_SECRET_TEST is empty"));
  ::unsetenv("OSN_SECRET_TEST");
  EXPECT_THAT(source_.read({.source = SecretRef::Source::env, .text = "OSN_SECRET_TEST"}).error().message,
              HasSubstr("OSN_SECRET_TEST is not set"));
}

TEST_F(SystemSecrets, AreTakenFromTheConfigurationItself) {
  EXPECT_EQ(source_.read({.source = SecretRef::Source::value, .text = "plain\n"}).value(), "plain");
  EXPECT_FALSE(source_.read({.source = SecretRef::Source::value, .text = ""}));
  EXPECT_FALSE(source_.read({}));
}

}  // namespace
}  // namespace exporter::config
