#include "config/http_section.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/field_readers.h"
#include "config/secret_reader.h"
#include "config/url_reader.h"

namespace exporter::config {

namespace {

// A mapping of names to lists; RFC 9110 tokens as names.
bool is_header_name(std::string_view name) { return !name.empty() && consists_of(name, "!#$%&'*+-.^_`|~"); }

// Those that the exporter or libcurl sets itself; a second one would change who we are or how long the
// message is.
bool is_reserved_header(std::string_view name) {
  static const std::set<std::string, std::less<>> kReserved{"accept",
                                                            "accept-encoding",
                                                            "authorization",
                                                            "connection",
                                                            "content-encoding",
                                                            "content-length",
                                                            "content-type",
                                                            "dpop",
                                                            "expect",
                                                            "host",
                                                            "keep-alive",
                                                            "proxy-authenticate",
                                                            "proxy-authorization",
                                                            "te",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "user-agent",
                                                            "www-authenticate",
                                                            "x-sn-apikey"};
  return kReserved.contains(to_lower(name));
}

template <class Read>
void read_headers(const Value& value, std::vector<HeaderSetting>& out, const Read& read) {
  read_object(value, [&](Object& object) {
    std::vector<std::string> names;
    const std::vector<Value> values = object.any_keys(names);
    for (std::size_t i = 0; i < values.size(); ++i) {
      HeaderSetting header{.name = names[i], .values = {}, .secrets = {}};
      if (!is_header_name(names[i])) values[i].error("is no valid name of a header");
      read(values[i], header);
      const auto same = [&](const HeaderSetting& other) {
        return equals_ignore_case(other.name, header.name);
      };
      if (std::ranges::any_of(out, same)) {
        values[i].error("is given twice (names of headers are compared without case); join the two");
      }
      out.push_back(std::move(header));
    }
  });
}

void read_tls(Object& object, TlsConfig& tls) {
  read_secret(object, "ca", tls.ca, Need::optional, From::value_file);
  read_secret(object, "cert", tls.cert, Need::optional, From::value_file);
  read_secret(object, "key", tls.key, Need::optional);
  if (tls.cert.set() && !tls.key.set()) object.missing("key", "a client certificate needs its key");
  if (tls.key.set() && !tls.cert.set()) object.missing("cert", "a client key needs its certificate");
  object["server_name"].read(tls.server_name);
  const auto read_version = [](const Value& value, std::optional<TlsVersion>& out) {
    TlsVersion version{};
    if (read_enum(value, version,
                  {TlsVersion::tls10, TlsVersion::tls11, TlsVersion::tls12, TlsVersion::tls13}))
      out = version;
  };
  const Value min_version = object["min_version"];
  const Value max_version = object["max_version"];
  read_version(min_version, tls.min_version);
  read_version(max_version, tls.max_version);
  if (tls.min_version && tls.max_version && *tls.min_version > *tls.max_version) {
    max_version.error("is lower than min_version");
  }
  const Value insecure = object["insecure_skip_verify"];
  insecure.read(tls.insecure_skip_verify);
  if (tls.insecure_skip_verify) {
    insecure.warn(
        "is on: anybody on the way can read and change what is exchanged, credentials too; "
        "trust the server's own CA with ca_file instead");
  }
}

}  // namespace

void read_http(Object& object, HttpConfig& http) {
  const Value proxy_url = object["proxy_url"];
  read_proxy_url(proxy_url, http.proxy_url);
  const Value no_proxy = object["no_proxy"];
  no_proxy.read(http.no_proxy);
  const Value from_environment = object["proxy_from_environment"];
  from_environment.read(http.proxy_from_environment);
  const Value connect_header = object["proxy_connect_header"];
  read_headers(connect_header, http.proxy_connect_header, [](const Value& value, HeaderSetting& header) {
    if (value.present() || value.context().describing()) {
      read_secret_list(value, SecretRef::Source::value, header.secrets);
    }
  });
  if (http.proxy_from_environment && proxy_url.present()) {
    from_environment.error("excludes proxy_url: give one of the two");
  }
  if (no_proxy.present() && !proxy_url.present()) {
    no_proxy.error(http.proxy_from_environment
                       ? "excludes proxy_from_environment, which takes NO_PROXY from the environment"
                       : "needs proxy_url");
  }
  if (connect_header.present() && !proxy_url.present() && !http.proxy_from_environment) {
    connect_header.error("needs proxy_url or proxy_from_environment");
  }
  read_object(object["tls_config"], [&](Object& tls) { read_tls(tls, http.tls_config); });
  read_headers(object["http_headers"], http.http_headers, [](const Value& value, HeaderSetting& header) {
    if (is_reserved_header(header.name)) {
      value.error("is a header that the exporter sets itself; leave it out");
    }
    read_object(value, [&](Object& lists) {
      const Value values = lists["values"];
      values.read(header.values);
      read_secret_list(lists["secrets"], SecretRef::Source::value, header.secrets);
      read_secret_list(lists["files"], SecretRef::Source::file, header.secrets);
      if (!lists.has("values") && !lists.has("secrets") && !lists.has("files")) {
        lists.missing("values", "give at least one of values, secrets or files");
      }
    });
  });
  read_interval(object["timeout"], http.timeout);
}

}  // namespace exporter::config
