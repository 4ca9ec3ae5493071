// A server that says exactly the bytes it is told to, over TCP or TLS, on a port of its own on the loopback
// address: for the faults that no well-behaved server makes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace exporter::fakes {

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

inline void require(bool condition, const char* what) {
  if (!condition) {
    throw std::runtime_error(what);
  }
}

// A self-signed certificate with its key. `subject_alt_name` as OpenSSL writes it: "DNS:a.test",
// "IP:127.0.0.1". It was made two hours before its end; an end in the past is an expired certificate.
class TestIdentity {
 public:
  explicit TestIdentity(const std::string& subject_alt_name, std::chrono::seconds end = std::chrono::hours(1))
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509* certificate = certificate_.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    constexpr std::chrono::seconds kLife = std::chrono::hours(2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), static_cast<long>((end - kLife).count()));
    X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(end.count()));
    X509_set_pubkey(certificate, key_.get());
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string common_name = "test identity";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_issuer_name(certificate, name);
    const std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>> names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alt_name.c_str()));
    require(names != nullptr && X509_add_ext(certificate, names.get(), -1) == 1, "subject_alt_name");
    require(X509_sign(certificate, key_.get(), EVP_sha256()) > 0, "X509_sign");
  }

  std::string certificate_pem() const {
    return pem([this](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string key_pem() const {
    return pem([this](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  static std::string pem(const std::function<int(BIO*)>& write) {
    const std::unique_ptr<BIO, OpenSslDeleter<BIO_free_all>> out(BIO_new(BIO_s_mem()));
    require(write(out.get()) == 1, "PEM");
    const char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, OpenSslDeleter<X509_free>> certificate_;
};

enum class Loopback : std::uint8_t { v4, v6 };

// A socket bound to a free port of the loopback address.
class BoundSocket {
 public:
  explicit BoundSocket(Loopback loopback = Loopback::v4)
      : fd_(::socket(loopback == Loopback::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage address = to_address(loopback);
    require(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size_of(loopback)) == 0, "bind");
    socklen_t size = sizeof(address);
    require(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    // The port stands at the same place in both kinds.
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    port_ = ntohs(v4.sin_port);
  }
  ~BoundSocket() { ::close(fd_); }
  BoundSocket(const BoundSocket&) = delete;
  BoundSocket& operator=(const BoundSocket&) = delete;

  // Whether this machine has the address.
  static bool available(Loopback loopback) {
    try {
      const BoundSocket tried(loopback);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }

  int fd() const { return fd_; }
  int port() const { return port_; }

 private:
  static socklen_t size_of(Loopback loopback) {
    return loopback == Loopback::v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  }
  static sockaddr_storage to_address(Loopback loopback) {
    sockaddr_storage address{};
    if (loopback == Loopback::v4) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      std::memcpy(&address, &v4, sizeof(v4));
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_addr = in6addr_loopback;
      std::memcpy(&address, &v6, sizeof(v6));
    }
    return address;
  }

  int fd_;
  int port_ = 0;
};

// The server's end of one connection. Errors are ignored: the client may leave at any time.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  ~Peer() {
    if (ssl_) {
      SSL_shutdown(ssl_.get());
    }
    close();
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // False when the handshake failed.
  bool start_tls(SSL_CTX* context) {
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_);
    if (SSL_accept(ssl_.get()) != 1) {
      ssl_.reset();
      return false;
    }
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    server_name_ = name == nullptr ? "" : name;
    return true;
  }

  // Reads a head, with its blank line; what follows it stays unread as far as it came later.
  std::string read_request() {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) {
        break;
      }
      head += more;
    }
    return head;
  }

  // At least one byte; empty at the end.
  std::string read_some() {
    std::array<char, 4096> buffer{};
    const auto count = ssl_ ? SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))
                            : ::recv(fd_, buffer.data(), buffer.size(), 0);
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string();
  }

  // False when the client is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Byte after byte, each within what a timeout per read would allow, until the client leaves.
  void drip(char byte) {
    constexpr int kPause = 5;
    pollfd leaving{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
    while (send({&byte, 1}) && ::poll(&leaving, 1, kPause) == 0) {
    }
  }

  void wait_until_closed() {
    while (!read_some().empty()) {
    }
  }

  // The connection ends with RST instead of FIN.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    ssl_.reset();
    close();
  }

  void close() {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

  // What the client named in its TLS greeting.
  const std::string& server_name() const { return server_name_; }

 private:
  int fd_;
  std::unique_ptr<SSL, OpenSslDeleter<SSL_free>> ssl_;
  std::string server_name_;
};

struct RawTls {
  const TestIdentity* identity = nullptr;
  const TestIdentity* client = nullptr;  // demanded of clients when given
  int min_version = 0;
};

using TlsContext = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;

// Null without an identity.
inline TlsContext make_tls_context(const RawTls& tls) {
  if (tls.identity == nullptr) {
    return nullptr;
  }
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(context.get(), tls.identity->certificate());
  SSL_CTX_use_PrivateKey(context.get(), tls.identity->key());
  if (tls.min_version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), tls.min_version);
  }
  if (tls.client != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), tls.client->certificate());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

// Runs one script per connection, one after the other, and accepts nothing after the last. Make it before the
// transport under test: the scripts end when its connections do.
class RawServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit RawServer(std::vector<Script> scripts, const RawTls& tls = {}, Loopback loopback = Loopback::v4)
      : loopback_(loopback),
        socket_(loopback),
        context_(make_tls_context(tls)),
        scripts_(std::move(scripts)) {
    require(::listen(socket_.fd(), 16) == 0, "listen");
    thread_ = std::thread([this] { serve(); });
  }
  explicit RawServer(Script script, const RawTls& tls = {})
      : RawServer(std::vector<Script>{std::move(script)}, tls) {}
  // A server that answers every request of its only connection with these bytes.
  explicit RawServer(std::string bytes, const RawTls& tls = {})
      : RawServer(Script([bytes = std::move(bytes)](Peer& peer) {
                    peer.read_request();
                    peer.send(bytes);
                  }),
                  tls) {}
  ~RawServer() {
    ::shutdown(socket_.fd(), SHUT_RDWR);
    thread_.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return socket_.port(); }
  // host:port
  std::string authority() const {
    return (loopback_ == Loopback::v4 ? "127.0.0.1:" : "[::1]:") + std::to_string(port());
  }
  std::string origin() const { return (context_ ? "https://" : "http://") + authority(); }
  std::string url(std::string_view path = "/") const { return origin() + std::string(path); }

 private:
  void serve() {
    for (const Script& script : scripts_) {
      const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      Peer peer(fd);
      if (!context_ || peer.start_tls(context_.get())) {
        script(peer);
      } else {
        // Closing with unread bytes would be a reset, which overtakes the alert that says why.
        peer.wait_until_closed();
      }
    }
  }

  const Loopback loopback_;
  BoundSocket socket_;
  TlsContext context_;
  std::vector<Script> scripts_;
  std::thread thread_;
};

}  // namespace exporter::fakes
