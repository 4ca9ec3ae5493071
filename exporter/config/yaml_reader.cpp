#include "config/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/clock.h"

namespace exporter::config {
namespace {

constexpr int kMaxMerges = 1000;
constexpr int kMaxMergeDepth = 16;
constexpr std::size_t kMaxErrors = 100;

std::string join_path(std::string_view parent, std::string_view key) {
  std::string path(parent);
  if (!path.empty()) path += '.';
  path += key;
  return path;
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

// Optimal string alignment: one for a letter too many, too few, wrong, or swapped with its neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string list_words(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

bool own_tag(const YAML::Node& node) { return node.Tag().size() > 1 && node.Tag().front() == '!'; }

}  // namespace

std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& right) {
  if (wrong.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  for (const std::string_view candidate : right) {
    const std::size_t distance = edit_distance(wrong, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (best.empty()) return {};
  return "; did you mean " + std::string(best) + "?";
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMaxShown = 64;
  std::string result;
  for (const char c : text.substr(0, kMaxShown)) result += has_control_characters({&c, 1}) ? '?' : c;
  if (text.size() > kMaxShown) result += "...";
  return result;
}

std::string in_quotes(std::string_view text) { return '"' + printable(text) + '"'; }

ReadContext::ReadContext(std::string file)
    : file_(std::move(file)), directory_(std::filesystem::path(file_).parent_path()) {}

ReadContext ReadContext::for_description() {
  ReadContext context{std::string()};
  context.describing_ = true;
  return context;
}

ConfigError ReadContext::locate(const YAML::Mark& mark, std::string key_path, std::string message) const {
  const bool known = !mark.is_null();
  return {.file = file_,
          .line = known ? mark.line + 1 : 0,
          .column = known ? mark.column + 1 : 0,
          .key_path = std::move(key_path),
          .message = std::move(message)};
}

void ReadContext::error(const YAML::Mark& mark, std::string key_path, std::string message) {
  // A file of another kind can be wrong in every line; nobody reads more than this.
  if (describing_ || errors_.size() >= kMaxErrors) return;
  ConfigError error = locate(mark, std::move(key_path), std::move(message));
  // In the order of the file, not of the reading.
  const auto place = std::ranges::upper_bound(errors_, error.line, {}, &ConfigError::line);
  errors_.insert(place, std::move(error));
}

void ReadContext::warn(const YAML::Mark& mark, std::string key_path, std::string message) {
  if (describing_) return;
  warnings_.push_back(locate(mark, std::move(key_path), std::move(message)).to_string());
}

void ReadContext::note_key(const std::string& key_path) {
  if (describing_) key_paths_.insert(key_path);
}

bool ReadContext::count_merge() { return ++merges_ <= kMaxMerges; }

std::string ReadContext::resolve(std::string_view path) const {
  return (directory_ / std::filesystem::path(path)).lexically_normal().string();
}

Value::Value(ReadContext& context, const YAML::Node& root)
    : context_(&context), node_(root), key_mark_(root.Mark()), present_(true) {}

Value::Value(ReadContext& context, std::string key_path, const YAML::Node& node, const YAML::Mark& key_mark,
             bool present)
    : context_(&context),
      key_path_(std::move(key_path)),
      node_(node),
      key_mark_(key_mark),
      present_(present) {}

YAML::Mark Value::mark() const {
  // A nothing stands, for yaml-cpp, where the next token begins, often lines below its key.
  if (!present_ || !node_.IsScalar() || node_.Mark().is_null()) return key_mark_;
  return node_.Mark();
}

void Value::error(std::string message) const { context_->error(mark(), key_path_, std::move(message)); }

void Value::warn(std::string message) const { context_->warn(mark(), key_path_, std::move(message)); }

// Written without quotes: only such a scalar is a number or a boolean to YAML.
bool Value::plain() const { return node_.Tag() != "!"; }

std::optional<std::string> Value::scalar(std::string_view wanted) const {
  if (!present_) return std::nullopt;
  if (node_.IsNull()) {
    error("has no value; write " + std::string(wanted) + ", or leave the key out");
    return std::nullopt;
  }
  if (!node_.IsScalar()) {
    error("must be " + std::string(wanted) + ", not " + (node_.IsMap() ? "a mapping" : "a list"));
    return std::nullopt;
  }
  if (own_tag(node_)) {
    // Not shown: what follows the exclamation mark may be a password that nobody quoted.
    error(
        "has a YAML tag, and tags are not supported; if the value begins with an exclamation mark, put it in "
        "quotes");
    return std::nullopt;
  }
  return node_.Scalar();
}

bool Value::read(std::string& out) const {
  const std::optional<std::string> text = scalar("a text");
  if (!text) return false;
  if (text->empty()) {
    error("must not be empty");
    return false;
  }
  if (has_control_characters(*text)) {
    error("must be one line without control characters");
    return false;
  }
  out = *text;
  return true;
}

bool Value::read_block(std::string& out) const {
  const std::optional<std::string> text = scalar("a text");
  if (!text) return false;
  if (text->empty()) {
    error("must not be empty");
    return false;
  }
  out = *text;
  return true;
}

bool Value::read(bool& out) const {
  const std::optional<std::string> text = scalar("true or false");
  if (!text) return false;
  if (!plain() || (*text != "true" && *text != "false")) {
    error("must be true or false, without quotes");
    return false;
  }
  out = *text == "true";
  return true;
}

bool Value::read(int& out, int min, int max) const {
  const std::optional<std::string> text = scalar("a whole number");
  if (!text) return false;
  int number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = failure != std::errc::invalid_argument && end == text->data() + text->size();
  if (!plain() || !whole) {
    error("must be a whole number, without quotes and units");
    return false;
  }
  if (failure == std::errc::result_out_of_range || number < min || number > max) {
    error("must be from " + std::to_string(min) + " to " + std::to_string(max) + ", not " + *text);
    return false;
  }
  out = number;
  return true;
}

bool Value::read_share(double& out) const {
  const std::optional<std::string> text = scalar("a number");
  if (!text) return false;
  double number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (!plain() || failure != std::errc{} || end != text->data() + text->size() || !std::isfinite(number)) {
    error("must be a number such as 0.25, without quotes and percent sign");
    return false;
  }
  if (number <= 0 || number > 1) {
    error("must be above 0 and at most 1 (1 is all of it), not " + *text);
    return false;
  }
  out = number;
  return true;
}

bool Value::read(std::chrono::milliseconds& out, std::chrono::milliseconds min,
                 std::chrono::milliseconds max) const {
  const std::optional<std::string> text = scalar("a duration such as 30s or 1h30m");
  if (!text) return false;
  const std::optional<std::chrono::milliseconds> duration = parse_prometheus_duration(*text);
  if (!duration) {
    error(in_quotes(*text) + " is not a duration; write it as Prometheus does: 500ms, 30s, 1h30m, 7d");
    return false;
  }
  if (*duration < min || *duration > max) {
    error("must be from " + to_prometheus_duration(min) + " to " + to_prometheus_duration(max) + ", not " +
          *text);
    return false;
  }
  out = *duration;
  return true;
}

bool Value::read_word(std::size_t& out, const std::vector<std::string_view>& words) const {
  const std::string choices = list_words(words);
  const std::optional<std::string> text = scalar(choices);
  if (!text) return false;
  // YAML 1.1 tools (Helm is one) turn an unquoted on and off into true and false when they write a file anew.
  std::string_view word = *text;
  if (plain() && word == "true") word = "on";
  if (plain() && word == "false") word = "off";
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) {
    error("must be " + choices + ", not " + in_quotes(*text));
    return false;
  }
  out = static_cast<std::size_t>(found - words.begin());
  return true;
}

bool Value::read(std::vector<std::string>& out) const {
  if (!present_) return false;
  const std::size_t errors_before = context_->errors().size();
  std::vector<std::string> texts;
  for (const Value& item : items()) {
    std::string text;
    if (item.read(text)) texts.push_back(std::move(text));
  }
  if (context_->errors().size() != errors_before) return false;
  out = std::move(texts);
  return true;
}

std::vector<Value> Value::items() const {
  std::vector<Value> values;
  if (context_->describing()) {
    values.emplace_back(*context_, key_path_ + "[]", YAML::Node(), key_mark_, false);
    return values;
  }
  if (!present_) return values;
  if (!node_.IsSequence()) {
    error(node_.IsNull() ? "has no value; write a list, or leave the key out"
                         : "must be a list: each element on a line of its own after a dash");
    return values;
  }
  std::size_t index = 0;
  for (const YAML::Node& item : node_) {
    values.emplace_back(*context_, key_path_ + '[' + std::to_string(index++) + ']', item,
                        item.IsNull() ? key_mark_ : item.Mark(), true);
  }
  return values;
}

Object::Object(const Value& value) : value_(value) {
  if (!value.present() || value.node().IsNull()) return;
  if (!value.node().IsMap()) {
    usable_ = false;
    value.error("must be a mapping: keys with their values, each on a line of its own");
    return;
  }
  collect(value.node(), false, 0);
}

std::string Object::path_of(std::string_view key) const { return join_path(value_.key_path(), key); }

const Object::Entry* Object::find(std::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

void Object::collect(const YAML::Node& map, bool merged, int depth) {
  std::vector<YAML::Node> merges;
  for (const auto& pair : map) {
    const YAML::Node& key = pair.first;
    if (!key.IsScalar()) {
      value_.context().error(key.Mark(), value_.key_path(), "a key must be a text");
      continue;
    }
    // A quoted "<<" is an ordinary key, and unknown as such.
    if (key.Scalar() == "<<" && key.Tag() != "!") {
      merges.push_back(pair.second);
      continue;
    }
    if (const Entry* first = find(key.Scalar())) {
      // What stands here wins over what is merged in; the first merged mapping wins over later ones.
      if (merged) continue;
      value_.context().error(key.Mark(), path_of(first->key),
                             "is given twice, first on line " + std::to_string(first->key_mark.line + 1) +
                                 "; remove one of the two");
      continue;
    }
    entries_.push_back({key.Scalar(), key.Mark(), pair.second});
  }
  for (const YAML::Node& node : merges) merge(node, depth + 1);
}

void Object::merge(const YAML::Node& node, int depth) {
  if (depth > kMaxMergeDepth || !value_.context().count_merge()) {
    value_.error("merges (<<) too many mappings, or a mapping into itself");
    return;
  }
  if (node.IsMap()) {
    collect(node, true, depth);
    return;
  }
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) merge(item, depth + 1);
    return;
  }
  value_.context().error(node.Mark(), path_of("<<"), "merges only mappings: write an alias such as *name");
}

bool Object::has(std::string_view key) const { return value_.context().describing() || find(key) != nullptr; }

Value Object::operator[](std::string_view key) {
  known_.emplace_back(key);
  std::string path = path_of(key);
  value_.context().note_key(path);
  if (const Entry* entry = find(key)) {
    return {value_.context(), std::move(path), entry->value, entry->key_mark, true};
  }
  return {value_.context(), std::move(path), YAML::Node(), YAML::Mark::null_mark(), false};
}

std::vector<Value> Object::any_keys(std::vector<std::string>& names) {
  if (describing()) {
    names.emplace_back("*");
    return {(*this)["*"]};
  }
  std::vector<Value> values;
  for (const Entry& entry : entries_) {
    names.push_back(entry.key);
    values.push_back((*this)[entry.key]);
  }
  return values;
}

void Object::missing(std::string_view key, std::string_view hint) const {
  if (!usable_) return;
  std::string message = "is missing";
  if (!hint.empty()) message += "; " + std::string(hint);
  value_.context().error(value_.mark(), path_of(key), std::move(message));
}

void Object::finish() const {
  if (describing()) return;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const Entry& entry : entries_) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    std::string message = "is not a known key";
    const std::string meant = suggestion(entry.key, known);
    message += meant.empty() ? "; known here: " + list_words(known) : meant;
    value_.context().error(entry.key_mark, path_of(printable(entry.key)), std::move(message));
  }
}

}  // namespace exporter::config
