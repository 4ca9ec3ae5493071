// Typed reading of a YAML document that remembers where everything stands. Internal to this room (it brings
// yaml-cpp). Readers never throw and never stop at an error: they report it and leave the default, so that
// one pass finds all errors.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "config/load.h"

namespace exporter::config {

// What one pass over a document collects. Not thread-safe; outlives the Values and Objects that refer to it.
class ReadContext {
 public:
  explicit ReadContext(std::string file);

  // A pass over nothing that asks for every key there is, optional ones too, and reports no errors.
  static ReadContext for_description();

  void error(const YAML::Mark& mark, std::string key_path, std::string message);
  void warn(const YAML::Mark& mark, std::string key_path, std::string message);
  bool describing() const { return describing_; }
  void note_key(const std::string& key_path);
  // Counts the merges of `<<`; false when there are more than any honest file has (they multiply when
  // nested).
  bool count_merge();
  std::string resolve(std::string_view path) const;

  const std::string& file() const { return file_; }
  std::vector<ConfigError>& errors() { return errors_; }
  std::vector<std::string>& warnings() { return warnings_; }
  const std::set<std::string>& key_paths() const { return key_paths_; }

 private:
  ConfigError locate(const YAML::Mark& mark, std::string key_path, std::string message) const;

  std::string file_;
  std::filesystem::path directory_;
  bool describing_ = false;
  int merges_ = 0;
  std::vector<ConfigError> errors_;
  std::vector<std::string> warnings_;
  std::set<std::string> key_paths_;
};

// One value of the document, or the place where it would stand.
class Value {
 public:
  // The document itself.
  Value(ReadContext& context, const YAML::Node& root);
  Value(ReadContext& context, std::string key_path, const YAML::Node& node, const YAML::Mark& key_mark,
        bool present);

  bool present() const { return present_; }
  const std::string& key_path() const { return key_path_; }
  ReadContext& context() const { return *context_; }
  const YAML::Node& node() const { return node_; }
  // Where it stands: a scalar's own place, else that of its key.
  YAML::Mark mark() const;

  void error(std::string message) const;
  void warn(std::string message) const;

  // Each leaves `out` alone and returns false when the value is absent or wrong; wrong ones are reported.
  bool read(std::string& out) const;        // one line, not empty
  bool read_block(std::string& out) const;  // not empty, may have line breaks: PEM
  bool read(bool& out) const;
  bool read(int& out, int min, int max) const;
  // 0 < out <= 1.
  bool read_share(double& out) const;
  bool read(std::chrono::milliseconds& out, std::chrono::milliseconds min,
            std::chrono::milliseconds max) const;
  // The index of the word in `words`.
  bool read_word(std::size_t& out, const std::vector<std::string_view>& words) const;
  bool read(std::vector<std::string>& out) const;  // a list of non-empty lines

  // The elements of a list; empty when absent or no list (reported).
  std::vector<Value> items() const;

 private:
  // The text of a scalar; nullopt when absent or no scalar (reported, `wanted` says what should stand here).
  std::optional<std::string> scalar(std::string_view wanted) const;
  bool plain() const;

  ReadContext* context_;
  std::string key_path_;
  YAML::Node node_;
  YAML::Mark key_mark_;
  bool present_;
};

// A mapping. Every key that is asked for is known; finish() reports the others.
class Object {
 public:
  explicit Object(const Value& value);

  bool has(std::string_view key) const;
  Value operator[](std::string_view key);
  // The keys as they stand, all taken as known: for mappings whose keys are chosen by the user.
  std::vector<Value> any_keys(std::vector<std::string>& names);
  void missing(std::string_view key, std::string_view hint) const;
  void error(std::string message) const { value_.error(std::move(message)); }
  bool describing() const { return value_.context().describing(); }
  // To be called once, after the last key was asked for.
  void finish() const;

 private:
  struct Entry {
    std::string key;
    YAML::Mark key_mark;
    YAML::Node value;
  };
  void collect(const YAML::Node& map, bool merged, int depth);
  void merge(const YAML::Node& node, int depth);
  std::string path_of(std::string_view key) const;
  const Entry* find(std::string_view key) const;

  Value value_;
  bool usable_ = true;  // false: no mapping stands here, and what it lacks needs no further report
  std::vector<Entry> entries_;
  std::vector<std::string> known_;
};

// Reads the mapping at `value` with `body(Object&)`, then reports the keys that body did not ask for.
template <class Body>
void read_object(const Value& value, const Body& body) {
  Object object(value);
  body(object);
  object.finish();
}

// "; did you mean …?" or nothing.
std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& right);

// Printable and short: a name or value out of the file that goes into a message.
std::string printable(std::string_view text);
std::string in_quotes(std::string_view text);

}  // namespace exporter::config
