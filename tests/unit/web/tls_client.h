// A TLS client of the tests, and certificates made on the spot.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace exporter::web::testing {

// A certificate authority of a test: signs certificates of P-256 keys.
class Authority {
 public:
  Authority();
  ~Authority();
  struct Issued {
    std::string certificate;  // PEM
    std::string key;          // PEM
  };
  // sans: "DNS:localhost,IP:127.0.0.1"; empty: none. days: until it ends.
  Issued issue(const std::string& common_name, const std::string& sans, int days = 2) const;
  const std::string& certificate() const { return pem_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string pem_;
};

struct TlsClientOptions {
  std::string certificate = {};  // of the client; empty: none
  std::string key = {};
  int max_version = 0;       // TLS1_1_VERSION …; 0: any
  std::string ciphers = {};  // OpenSSL's list, of TLS 1.2
  std::string groups = {};   // "P-384"
};

struct TlsAnswer {
  std::string error;  // empty: an answer came
  std::string text;   // head and body
  std::string cipher;
  std::string version;
  std::string server_common_name;

  int status() const { return text.size() > 12 ? std::atoi(text.c_str() + 9) : 0; }
};

// Connects, sends `request`, reads to the end of the connection (send "Connection: close").
TlsAnswer tls_exchange(const std::string& address, std::string_view request,
                       const TlsClientOptions& options = {});

}  // namespace exporter::web::testing
