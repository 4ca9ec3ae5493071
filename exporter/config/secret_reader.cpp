#include "config/secret_reader.h"

#include <string_view>
#include <utility>

#include "config/field_readers.h"

namespace exporter::config {

namespace {

bool is_environment_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') && consists_of(name, "_");
}

}  // namespace

void read_secret(Object& object, const std::string& key, SecretRef& out, Need need, From from) {
  std::vector<std::pair<std::string, SecretRef::Source>> forms{{key, SecretRef::Source::value},
                                                               {key + "_file", SecretRef::Source::file}};
  if (from == From::value_file_env) forms.emplace_back(key + "_env", SecretRef::Source::env);
  std::string choices;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (i > 0) choices += i + 1 == forms.size() ? " or " : ", ";
    choices += forms[i].first;
  }
  bool given = false;
  for (const auto& [name, source] : forms) {
    const Value value = object[name];
    if (!value.present()) continue;
    if (given) {
      value.error("is one too many: give exactly one of " + choices);
      continue;
    }
    given = true;
    SecretRef ref{.source = source, .text = {}};
    switch (source) {
      case SecretRef::Source::value:
        if (!value.read_block(ref.text)) continue;
        break;
      case SecretRef::Source::file:
        if (!value.read(ref.text)) continue;
        ref.text = value.context().resolve(ref.text);
        break;
      case SecretRef::Source::env:
        // Not shown: it may be the secret itself, put here by mistake.
        if (!value.read(ref.text)) continue;
        if (!is_environment_name(ref.text)) {
          value.error("must be the name of an environment variable: letters, digits and _");
          continue;
        }
        break;
      case SecretRef::Source::none:
        break;
    }
    out = std::move(ref);
  }
  if (!given && need == Need::required) object.missing(key, "give one of " + choices);
}

void read_secret_list(const Value& value, SecretRef::Source source, std::vector<SecretRef>& out) {
  if (!value.present()) return;
  for (const Value& item : value.items()) {
    std::string text;
    if (!item.read(text)) continue;
    if (source == SecretRef::Source::file) text = value.context().resolve(text);
    out.push_back({.source = source, .text = std::move(text)});
  }
}

}  // namespace exporter::config
