#include "web/web_settings.h"

#include <algorithm>
#include <utility>

namespace exporter::web {
namespace {

using config::SecretRef;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

Error to_error(const std::vector<config::ConfigError>& errors) {
  std::string text;
  for (const config::ConfigError& error : errors) text += (text.empty() ? "" : "\n") + error.to_string();
  return {.error_class = ErrorClass::malformed, .message = std::move(text)};
}

}  // namespace

WebSettings::WebSettings(std::string path, Log& log, OnCertificate on_certificate)
    : path_(std::move(path)), log_(log), on_certificate_(std::move(on_certificate)) {}

Result<std::unique_ptr<WebSettings>> WebSettings::open(std::string path, Log& log,
                                                       OnCertificate on_certificate) {
  std::unique_ptr<WebSettings> settings(new WebSettings(std::move(path), log, std::move(on_certificate)));
  if (auto done = settings->read(); !done) return std::unexpected(done.error());
  settings->opened_ = true;
  return settings;
}

WebSettings::Stamp WebSettings::stamp(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = nanoseconds(status.st_ctim),
          .modified_ns = nanoseconds(status.st_mtim)};
}

bool WebSettings::changed() const {
  return std::ranges::any_of(watched_, [](const auto& file) { return stamp(file.first) != file.second; });
}

const WebSettings::Current& WebSettings::current() {
  if (!changed()) return current_;
  const bool was_broken = current_.broken;
  if (auto done = read(); !done) {
    current_.broken = true;
    log_.error("the web config file can't be used; every request is answered with 500 until it can",
               {{"file", path_}, {"error", done.error().message}});
  } else if (was_broken) {
    log_.info("the web config file can be used again", {{"file", path_}});
  } else {
    log_.info("the web config file was read again", {{"file", path_}});
  }
  return current_;
}

Result<void> WebSettings::read() {
  // Stamped before they are read: a change while reading is seen at the next look.
  watched_ = {{path_, stamp(path_)}};
  config::WebConfigResult config = config::load_web_config(path_);
  if (!config) return std::unexpected(to_error(config.error()));
  Current next;
  if (config->tls) {
    for (const SecretRef* ref : {&config->tls->cert, &config->tls->key, &config->tls->client_ca}) {
      if (ref->source == SecretRef::Source::file) watched_.emplace_back(ref->text, stamp(ref->text));
    }
    Result<TlsContext> tls = make_tls_context(*config->tls);
    if (!tls) return std::unexpected(tls.error());
    next.tls = std::make_shared<const TlsContext>(std::move(*tls));
    next.verifies_clients = config->tls->client_auth == config::ClientAuth::require_and_verify;
  }
  if (opened_ && (next.tls != nullptr) != (current_.tls != nullptr)) {
    return std::unexpected(
        Error{ErrorClass::tls, "TLS can't be switched on or off while the exporter runs; restart it"});
  }
  next.headers = std::move(config->headers);
  next.users = std::move(config->basic_auth_users);
  current_ = std::move(next);
  if (config->rate_limit != rate_limit_) {
    rate_limit_ = config->rate_limit;
    limiter_.reset();
    if (rate_limit_.interval.count() > 0) limiter_.emplace(rate_limit_.interval, rate_limit_.burst);
  }
  if (on_certificate_) {
    on_certificate_(current_.tls ? std::optional(current_.tls->not_after) : std::nullopt);
  }
  return {};
}

}  // namespace exporter::web
