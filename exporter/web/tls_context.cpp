#include "web/tls_context.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace exporter::web {
namespace {

using config::ClientAuth;
using config::SecretRef;

template <auto free>
struct Freed {
  template <class Object>
  void operator()(Object* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<::BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<::X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<::EVP_PKEY_free>>;
void free_names(GENERAL_NAMES* names) { ::GENERAL_NAMES_free(names); }
using Names = std::unique_ptr<GENERAL_NAMES, Freed<free_names>>;

// The newest complaint of OpenSSL, whose queue is empty afterwards.
std::string openssl_reason() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* const reason = ::ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "OpenSSL gives no reason" : reason;
  ::ERR_clear_error();
  return text;
}

std::unexpected<Error> tls_error(std::string message) {
  return std::unexpected(Error{.error_class = ErrorClass::tls, .message = std::move(message)});
}

std::string name_of(const SecretRef& ref, std::string_view key) {
  const std::string what = "tls_server_config." + std::string(key);
  return ref.source == SecretRef::Source::file ? what + "_file (" + ref.text + ")" : what;
}

Result<std::string> read_pem(const SecretRef& ref, std::string_view key) {
  if (ref.source != SecretRef::Source::file) return ref.text;
  errno = 0;
  std::ifstream file(ref.text, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return tls_error("can't read " + name_of(ref, key) + ": " + std::generic_category().message(errno));
  }
  return text;
}

Bio memory(const std::string& text) {
  return Bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key is an error, not a question on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<SystemTime> use_certificate(SSL_CTX& context, const SecretRef& ref) {
  const Result<std::string> pem = read_pem(ref, "cert");
  if (!pem) return std::unexpected(pem.error());
  const Bio bio = memory(*pem);
  const Certificate leaf(::PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
  if (!leaf || ::SSL_CTX_use_certificate(&context, leaf.get()) != 1) {
    return tls_error(name_of(ref, "cert") + " holds no certificate that can be used: " + openssl_reason());
  }
  while (X509* const issuer = ::PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    if (::SSL_CTX_add0_chain_cert(&context, issuer) != 1) {
      ::X509_free(issuer);
      return tls_error(name_of(ref, "cert") + " holds a chain that can't be used: " + openssl_reason());
    }
  }
  ::ERR_clear_error();  // the end of the file
  std::tm end{};
  ::ASN1_TIME_to_tm(::X509_get0_notAfter(leaf.get()), &end);
  return SystemTime(std::chrono::seconds(::timegm(&end)));
}

Result<void> use_key(SSL_CTX& context, const SecretRef& ref) {
  const Result<std::string> pem = read_pem(ref, "key");
  if (!pem) return std::unexpected(pem.error());
  const Bio bio = memory(*pem);
  const Key key(::PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return tls_error(name_of(ref, "key") + " holds no private key in PEM: " + openssl_reason());
  if (::SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || ::SSL_CTX_check_private_key(&context) != 1) {
    return tls_error(name_of(ref, "key") + " does not belong to the certificate: " + openssl_reason());
  }
  return {};
}

Result<void> use_client_ca(SSL_CTX& context, const SecretRef& ref) {
  if (!ref.set()) {
    ::SSL_CTX_set_default_verify_paths(&context);
    return {};
  }
  const Result<std::string> pem = read_pem(ref, "client_ca");
  if (!pem) return std::unexpected(pem.error());
  const Bio bio = memory(*pem);
  int count = 0;
  while (const Certificate authority{::PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(&context), authority.get());
    ::SSL_CTX_add_client_CA(&context, authority.get());
    ++count;
  }
  ::ERR_clear_error();
  if (count == 0) return tls_error(name_of(ref, "client_ca") + " holds no certificate in PEM");
  return {};
}

int protocol_version(config::TlsVersion version) {
  constexpr std::array<int, 4> kVersions{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions[static_cast<std::size_t>(version)];
}

// OpenSSL has names of its own: ECDHE-RSA-AES128-GCM-SHA256.
Result<void> choose_ciphers(SSL_CTX& context, const config::ServerTls& tls) {
  std::string list;
  for (const std::string& suite : tls.cipher_suites) {
    const std::string name = ::OPENSSL_cipher_name(suite.c_str());
    if (name == "(NONE)" || name.starts_with("TLS_")) continue;  // TLS 1.3: not for choosing
    list += (list.empty() ? "" : ":") + name;
  }
  // Debian's default level forbids TLS 1.1 and older whatever min_version says.
  if (tls.min_version < config::TlsVersion::tls12) list = (list.empty() ? "DEFAULT" : list) + ":@SECLEVEL=0";
  if (!list.empty() && ::SSL_CTX_set_cipher_list(&context, list.c_str()) != 1) {
    return tls_error("tls_server_config.cipher_suites can't be used: " + openssl_reason());
  }
  return {};
}

Result<void> choose_curves(SSL_CTX& context, const std::vector<std::string>& curves) {
  std::string list;
  for (const std::string& curve : curves) {
    const std::string name = curve.starts_with("CurveP") ? "P-" + curve.substr(6) : curve;
    list += (list.empty() ? "" : ":") + name;
  }
  if (!list.empty() && ::SSL_CTX_set1_groups_list(&context, list.c_str()) != 1) {
    return tls_error("tls_server_config.curve_preferences can't be used: " + openssl_reason());
  }
  return {};
}

// In place of OpenSSL's own check of a client's certificate. Not called where the client sent none.
int verify_client(X509_STORE_CTX* store, void* argument) {
  const auto& policy = *static_cast<const TlsContext::Policy*>(argument);
  if (policy.verify && ::X509_verify_cert(store) <= 0) return 0;
  if (policy.allowed_sans.empty()) return 1;
  X509* const certificate = ::X509_STORE_CTX_get0_cert(store);
  const std::vector<std::string> names = subject_alternative_names(*certificate);
  const bool allowed = std::ranges::any_of(names, [&](const std::string& name) {
    return std::ranges::find(policy.allowed_sans, name) != policy.allowed_sans.end();
  });
  if (!allowed) ::X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return allowed ? 1 : 0;
}

int verify_mode(ClientAuth client_auth) {
  switch (client_auth) {
    case ClientAuth::none:
      break;
    case ClientAuth::request:
    case ClientAuth::verify_if_given:
      return SSL_VERIFY_PEER;
    case ClientAuth::require_any:
    case ClientAuth::require_and_verify:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_NONE;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(::ASN1_STRING_length(string))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ::ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ::ASN1_STRING_length(bytes) != 16) return {};
  ::inet_ntop(family, ::ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

}  // namespace

std::vector<std::string> subject_alternative_names(X509& certificate) {
  std::vector<std::string> result;
  const Names names(
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS:
        result.push_back(text_of(name->d.dNSName));
        break;
      case GEN_EMAIL:
        result.push_back(text_of(name->d.rfc822Name));
        break;
      case GEN_URI:
        result.push_back(text_of(name->d.uniformResourceIdentifier));
        break;
      case GEN_IPADD:
        result.push_back(address_of(name->d.iPAddress));
        break;
      default:
        break;
    }
  }
  return result;
}

Result<TlsContext> make_tls_context(const config::ServerTls& tls) {
  ::ERR_clear_error();
  TlsContext made;
  made.context.reset(::SSL_CTX_new(::TLS_server_method()));
  if (!made.context) return tls_error("can't set up TLS: " + openssl_reason());
  SSL_CTX& context = *made.context;
  ::SSL_CTX_set_min_proto_version(&context, protocol_version(tls.min_version));
  ::SSL_CTX_set_max_proto_version(&context, protocol_version(tls.max_version));
  // No sessions are kept: each handshake sees the certificates and the policy of its time.
  ::SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(&context, 0);
  std::uint64_t options = SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
  if (tls.prefer_server_cipher_suites) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  ::SSL_CTX_set_options(&context, options);
  // A write may take what the socket takes; an idle connection keeps no buffers.
  ::SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
  if (auto chosen = choose_ciphers(context, tls); !chosen) return std::unexpected(chosen.error());
  if (auto chosen = choose_curves(context, tls.curve_preferences); !chosen) {
    return std::unexpected(chosen.error());
  }
  Result<SystemTime> end = use_certificate(context, tls.cert);
  if (!end) return std::unexpected(end.error());
  made.not_after = *end;
  if (auto used = use_key(context, tls.key); !used) return std::unexpected(used.error());

  const bool verifies =
      tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_and_verify;
  made.policy = std::make_unique<TlsContext::Policy>(
      TlsContext::Policy{.verify = verifies, .allowed_sans = tls.client_allowed_sans});
  if (verifies || tls.client_ca.set()) {
    if (auto used = use_client_ca(context, tls.client_ca); !used) return std::unexpected(used.error());
  }
  ::SSL_CTX_set_verify(&context, verify_mode(tls.client_auth), nullptr);
  ::SSL_CTX_set_cert_verify_callback(&context, verify_client, made.policy.get());
  return made;
}

}  // namespace exporter::web
