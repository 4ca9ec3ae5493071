#include "unit/web/tls_client.h"

#include <stdexcept>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace exporter::web::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> make_key() { return Owned<EVP_PKEY>(EVP_EC_gen("P-256")); }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("no such extension: " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Owned<X509> make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key,
                             const std::string& sans, int days) {
  static long serial = 1;
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * days);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (issuer == nullptr) {
    add_extension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  }
  if (!sans.empty()) add_extension(certificate.get(), signer, NID_subject_alt_name, sans);
  X509_sign(certificate.get(), issuer_key, EVP_sha256());
  return certificate;
}

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "closed" : reason;
  ERR_clear_error();
  return text;
}

int connect_to(const std::string& address) {
  const auto colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("can't connect");
  return fd;
}

}  // namespace

struct Authority::Impl {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

Authority::Authority() : impl_(std::make_unique<Impl>()) {
  impl_->key = make_key();
  impl_->certificate = make_certificate(impl_->key.get(), "test authority", nullptr, impl_->key.get(), "", 2);
  pem_ = to_pem(impl_->certificate.get());
}

Authority::~Authority() = default;

Authority::Issued Authority::issue(const std::string& common_name, const std::string& sans, int days) const {
  const Owned<EVP_PKEY> key = make_key();
  const Owned<X509> certificate =
      make_certificate(key.get(), common_name, impl_->certificate.get(), impl_->key.get(), sans, days);
  return {.certificate = to_pem(certificate.get()), .key = to_pem(key.get())};
}

TlsAnswer tls_exchange(const std::string& address, std::string_view request,
                       const TlsClientOptions& options) {
  ERR_clear_error();
  TlsAnswer answer;
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (options.max_version != 0) {
    SSL_CTX_set_max_proto_version(context.get(), options.max_version);
    // The distribution's level of security forbids the old ones on this side too.
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  }
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str());
  if (!options.groups.empty()) SSL_CTX_set1_groups_list(context.get(), options.groups.c_str());
  if (!options.certificate.empty()) {
    const Owned<BIO> certificate(BIO_new_mem_buf(options.certificate.data(), -1));
    const Owned<BIO> key(BIO_new_mem_buf(options.key.data(), -1));
    const Owned<X509> parsed(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const Owned<EVP_PKEY> parsed_key(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context.get(), parsed.get());
    SSL_CTX_use_PrivateKey(context.get(), parsed_key.get());
  }
  const int fd = connect_to(address);
  const Owned<SSL> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), fd);
  if (SSL_connect(ssl.get()) != 1) {
    answer.error = openssl_error();
    close(fd);
    return answer;
  }
  answer.cipher = SSL_get_cipher_name(ssl.get());
  answer.version = SSL_get_version(ssl.get());
  if (X509* const peer = SSL_get0_peer_certificate(ssl.get())) {
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
    answer.server_common_name = name;
  }
  SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
  char buffer[4096];
  for (;;) {
    const int count = SSL_read(ssl.get(), buffer, sizeof buffer);
    if (count <= 0) {
      // TLS 1.3 tells a client only now that its certificate was refused.
      if (answer.text.empty()) answer.error = openssl_error();
      break;
    }
    answer.text.append(buffer, static_cast<std::size_t>(count));
  }
  close(fd);
  return answer;
}

}  // namespace exporter::web::testing
