// The server's side of TLS: a context out of the configuration, and one connection's stream over it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/web_config.h"

namespace exporter::web {

struct TlsContext {
  struct Free {
    void operator()(SSL_CTX* made) const { ::SSL_CTX_free(made); }
  };
  std::unique_ptr<SSL_CTX, Free> context;
  // Of the served certificate.
  SystemTime not_after;
  // What the verify callback looks at; the context points to it, so it lives as long.
  struct Policy {
    bool verify = false;
    std::vector<std::string> allowed_sans;
  };
  std::unique_ptr<Policy> policy;
};

// Reads the files. Errors (tls) name the file that cannot be read or used.
Result<TlsContext> make_tls_context(const config::ServerTls& tls);

// DNS names, mail addresses, IP addresses as Go prints them, URIs.
std::vector<std::string> subject_alternative_names(X509& certificate);

}  // namespace exporter::web
