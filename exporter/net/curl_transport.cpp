#include "net/curl_transport.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

#include <curl/curl.h>
#include <poll.h>

#include "base/text.h"
#include "net/gzip.h"
#include "net/url.h"

namespace exporter::net {

namespace {

// What simdjson wants to be able to read past the end (SIMDJSON_PADDING).
constexpr std::size_t kSpareCapacity = 64;
// A Content-Length is only a promise: more than this is not reserved for it in advance.
constexpr std::size_t kMaxReserved = std::size_t{8} * 1024 * 1024;
// libcurl shortens this to its own next timer, and a stop wakes it.
constexpr int kPollMilliseconds = 60'000;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  if (!list) {
    list.reset(longer);  // else the head stays what it was
  }
}

// libcurl reads its varargs as the type that the option's number implies: callers pass long, pointers or
// curl_off_t.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    throw std::runtime_error("libcurl refuses option " + std::to_string(option) + ": " +
                             curl_easy_strerror(code));
  }
}

void set_text(CURL* easy, CURLoption option, const std::string& text) { set(easy, option, text.c_str()); }

// libcurl keeps the pointer: `pem` must outlive the transfer.
void set_blob(CURL* easy, CURLoption option, const std::string& pem) {
  curl_blob blob{.data = const_cast<char*>(pem.data()), .len = pem.size(), .flags = CURL_BLOB_NOCOPY};
  set(easy, option, &blob);
}

long min_version(TlsVersion version) {
  constexpr std::array<long, 4> kVersions = {CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1,
                                             CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3};
  return kVersions.at(static_cast<std::size_t>(version));
}

long max_version(std::optional<TlsVersion> version) {
  constexpr std::array<long, 4> kVersions = {CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
                                             CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3};
  return version ? kVersions.at(static_cast<std::size_t>(*version))
                 : static_cast<long>(CURL_SSLVERSION_MAX_DEFAULT);
}

// A line break would end the header and begin one of the value's own.
bool is_header_safe(const HttpHeader& field) {
  const auto is_safe = [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\t'; };
  return !field.name.empty() &&
         std::ranges::all_of(field.name, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; }) &&
         std::ranges::all_of(field.value, is_safe);
}

// libcurl takes "Name:" for "don't send it" and "Name;" for a field without a value.
std::string header_line(const HttpHeader& field) {
  return trim(field.value).empty() ? field.name + ";" : field.name + ": " + field.value;
}

// OpenSSL's words (X509_verify_cert_error_string) tell a matter of time from one of trust.
std::string certificate_advice(std::string_view detail) {
  if (detail.find("expired") != std::string_view::npos ||
      detail.find("not yet valid") != std::string_view::npos) {
    return "have it renewed by whoever runs that host, and check this machine's clock";
  }
  return "give its CA as tls_config.ca_file, or its name as server_name";
}

ProxyRules make_proxy_rules(const ProxyOptions& options) {
  if (options.from_environment) {
    return proxy_rules_from_environment([](const std::string& name) -> std::optional<std::string> {
      // Nothing in the exporter sets a variable.
      const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
      return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    });
  }
  return {.http_url = options.url,
          .https_url = options.url,
          .no_proxy = options.no_proxy,
          .bypass_loopback = !options.no_proxy.empty()};
}

}  // namespace

CurlGlobal::CurlGlobal() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("libcurl can't be initialised");
  }
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

CurlGlobal::~CurlGlobal() { curl_global_cleanup(); }

std::string default_user_agent() { return "okta-servicenow-exporter/" EXPORTER_VERSION; }

// A multi handle owns the connections that its easy handle used, so the pair is kept together.
struct CurlTransport::Session {
  Session() : multi(curl_multi_init()), easy(curl_easy_init()) {
    if (multi == nullptr || easy == nullptr) {
      curl_easy_cleanup(easy);
      curl_multi_cleanup(multi);
      throw std::bad_alloc();
    }
  }
  ~Session() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Whether something came on the idle connection that nobody asked for: the end, or bytes that libcurl 7.88
  // would take for the answer to the next request (run and seen).
  bool spoilt() const {
    pollfd idle{.fd = socket, .events = POLLIN, .revents = 0};
    return socket != CURL_SOCKET_BAD && ::poll(&idle, 1, 0) != 0;
  }

  CURLM* multi;
  CURL* easy;
  curl_socket_t socket = CURL_SOCKET_BAD;  // of the connection that it keeps
};

// One request and what has arrived of its answer. Must stay where it is while libcurl holds its address.
struct CurlTransport::Exchange {
  enum class Fault : std::uint8_t { none, head_too_big, body_too_big, broken_gzip, unknown_encoding };

  Exchange(const HttpRequest& asked, const Url& asked_url, const CurlTransportOptions& options)
      : request(asked),
        url(asked_url),
        connect_timeout(options.connect_timeout),
        max_head_size(options.max_head_size),
        max_body_size(options.max_body_size) {
    if (request.memory != nullptr) {
      response.body = std::move(*request.memory);
      response.body.clear();
    }
  }

  // Called with each line of the head, of heads before it (100 Continue), and of trailers.
  bool on_head_line(std::string_view line) {
    head_size += line.size();
    if (head_size > max_head_size) {
      return fail(Fault::head_too_big);
    }
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
      line.remove_suffix(1);
    }
    if (line.starts_with("HTTP/") && (head_complete || !head_started)) {
      head_started = true;
      head_complete = false;
      response.headers = {};
      return true;
    }
    if (head_complete) {
      return true;  // a trailer: nothing that we read is sent there
    }
    if (line.empty()) {
      head_complete = true;
      return on_head_complete();
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      response.headers.add(std::string(trim(line.substr(0, colon))),
                           std::string(trim(line.substr(colon + 1))));
    }
    return true;
  }

  bool on_head_complete() {
    gzip.reset();
    const std::string encoding = to_lower(trim(response.headers.first("Content-Encoding").value_or("")));
    if (encoding == "gzip" || encoding == "x-gzip") {
      gzip.emplace();
    } else if (!encoding.empty() && encoding != "identity") {
      return fail(Fault::unknown_encoding);
    }
    const std::string_view text = response.headers.first("Content-Length").value_or("");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (length > max_body_size) {
      return fail(Fault::body_too_big);
    }
    if (!gzip) {
      const std::size_t wanted = std::min(length, kMaxReserved) + kSpareCapacity;
      // Pages of a listing differ by some bytes, and the next one is to find room in the same memory.
      const std::size_t room = request.memory == nullptr ? 0 : wanted / 8;
      if (response.body.capacity() < wanted) {
        response.body.reserve(wanted + room);
      }
    }
    return true;
  }

  bool on_body(std::string_view data) {
    if (!gzip) {
      if (data.size() > max_body_size - response.body.size()) {
        return fail(Fault::body_too_big);
      }
      response.body.append(data);
      return true;
    }
    switch (gzip->feed(data, response.body, max_body_size)) {
      case GzipReader::Outcome::ok:
        return true;
      case GzipReader::Outcome::too_big:
        return fail(Fault::body_too_big);
      case GzipReader::Outcome::broken:
        break;
    }
    return fail(Fault::broken_gzip);
  }

  bool fail(Fault why) {
    fault = why;
    return false;
  }

  // What libcurl calls. An exception (no memory) can't pass through its C frames, so it ends the process
  // there.
  static std::size_t head_callback(char* data, std::size_t size, std::size_t count, void* exchange) noexcept {
    const std::size_t length = size * count;
    return static_cast<Exchange*>(exchange)->on_head_line({data, length}) ? length : 0;
  }
  static std::size_t body_callback(char* data, std::size_t size, std::size_t count, void* exchange) noexcept {
    const std::size_t length = size * count;
    // For an empty chunk 0 means "taken"; an abort needs a number that differs from the length.
    return static_cast<Exchange*>(exchange)->on_body({data, length}) ? length : length + 1;
  }

  Result<HttpResponse> finish(CURL* easy, CURLcode code);
  Error explain(CURL* easy, CURLcode code) const;
  std::string detail(CURLcode code) const {
    return error_text.front() == '\0' ? curl_easy_strerror(code) : error_text.data();
  }

  const HttpRequest& request;
  const Url& url;
  const std::chrono::milliseconds connect_timeout;
  const std::size_t max_head_size;
  const std::size_t max_body_size;
  List headers;
  List connect_headers;
  List connect_to;
  List addresses;
  std::array<char, CURL_ERROR_SIZE> error_text{};

  HttpResponse response;
  std::optional<GzipReader> gzip;
  std::size_t head_size = 0;
  bool head_started = false;
  bool head_complete = false;
  Fault fault = Fault::none;
};

Result<HttpResponse> CurlTransport::Exchange::finish(CURL* easy, CURLcode code) {
  const auto error = [this](ErrorClass error_class, std::string_view what) {
    return std::unexpected(
        Error{.error_class = error_class, .message = url.authority() + " " + std::string(what)});
  };
  switch (fault) {
    case Fault::head_too_big:
      return error(ErrorClass::malformed,
                   "sent a head of more than " + std::to_string(max_head_size) +
                       " bytes; this is no answer of the API, check the url and any proxy");
    case Fault::body_too_big:
      return error(ErrorClass::malformed, "sent a body of more than " + std::to_string(max_body_size) +
                                              " bytes (inflated); ask for smaller pages (page_size)");
    case Fault::broken_gzip:
      return error(ErrorClass::malformed, "sent a broken gzip body; check any proxy in between");
    case Fault::unknown_encoding:
      return error(ErrorClass::malformed,
                   "sent a Content-Encoding that was not asked for (only gzip is); check any "
                   "proxy in between");
    case Fault::none:
      break;
  }
  if (code != CURLE_OK) {
    return std::unexpected(explain(easy, code));
  }
  if (!head_complete) {
    // libcurl 7.88 takes a connection that closes within the head for a complete answer (run and seen).
    return error(ErrorClass::incomplete,
                 "closed the connection within the answer's head; if it stays so, check any "
                 "proxy in between");
  }
  if (gzip && !gzip->complete()) {
    return error(ErrorClass::malformed,
                 "sent a gzip body that is cut off; if it stays so, check any proxy in between");
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  response.body.reserve(response.body.size() + kSpareCapacity);
  return std::move(response);
}

Error CurlTransport::Exchange::explain(CURL* easy, CURLcode code) const {
  const std::string host = url.authority();
  const auto error = [](ErrorClass error_class, std::string message) {
    return Error{.error_class = error_class, .message = std::move(message)};
  };
  long connect_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  constexpr long kFirstRefusal = 300;
  if (connect_status >= kFirstRefusal) {
    return error(ErrorClass::connection, "the proxy on the way to " + host + " answered " +
                                             std::to_string(connect_status) +
                                             "; check its credentials and whether it allows this host");
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return error(ErrorClass::connection,
                   host + " has no address (DNS); check the url and this machine's resolver");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return error(ErrorClass::connection,
                   "the proxy on the way to " + host + " has no address (DNS); check proxy_url");
    case CURLE_PROXY:
      return error(ErrorClass::connection, "the proxy on the way to " + host + " failed; check proxy_url");
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_NO_CONNECTION_AVAILABLE:
      return error(ErrorClass::connection,
                   "can't connect to " + host + " (" + detail(code) +
                       "); check the url, the firewall and whether a proxy is needed");
    case CURLE_GOT_NOTHING:
      return error(ErrorClass::connection,
                   host +
                       " closed the connection without an answer; if it stays so, check any proxy or "
                       "firewall in between");
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;  // when the connection stood, TLS included
      curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
      if (connected == 0) {
        return error(ErrorClass::timeout,
                     "no connection to " + host + " within " +
                         std::to_string(std::min(request.timeout, connect_timeout).count()) +
                         " ms; check the url, the firewall and whether a proxy is needed");
      }
      return error(ErrorClass::timeout, (head_complete ? "no complete answer from " : "no answer from ") +
                                            host + " within " + std::to_string(request.timeout.count()) +
                                            " ms; check the network, or raise the timeout in http");
    }
    case CURLE_PARTIAL_FILE:
      return error(ErrorClass::incomplete,
                   host +
                       " closed the connection before the body's end; if it stays so, check any proxy in "
                       "between");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (detail(code).find("SSL routines") != std::string::npos) {
        // With TLS 1.3 a server refuses the client's certificate only after the handshake.
        return error(ErrorClass::tls,
                     host + " ended the TLS connection (" + detail(code) +
                         "); if it asks for a client certificate, set tls_config.cert and key");
      }
      if (head_started) {
        return error(ErrorClass::incomplete, host + " broke off within its answer (" + detail(code) +
                                                 "); if it stays so, check any proxy in between");
      }
      return error(ErrorClass::connection, "the connection to " + host + " broke (" + detail(code) +
                                               "); if it stays so, check any proxy or firewall in between");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return error(ErrorClass::tls, "the certificate of " + host + " is not trusted (" + detail(code) +
                                        "); " + certificate_advice(detail(code)));
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return error(ErrorClass::tls, "no CA could be read to verify " + host + " (" + detail(code) +
                                        "); check tls_config.ca, or install ca-certificates");
    case CURLE_SSL_CERTPROBLEM:
      return error(ErrorClass::tls, "the client certificate for " + host + " can't be used (" + detail(code) +
                                        "); check tls_config.cert and key");
    case CURLE_SSL_CLIENTCERT:
      return error(ErrorClass::tls, host + " asks for a client certificate; set tls_config.cert and key");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
      return error(ErrorClass::tls, "the TLS handshake with " + host + " failed (" + detail(code) +
                                        "); check that the url's scheme and port are TLS, and min_version");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
      return error(ErrorClass::malformed, host + " doesn't answer in HTTP/1.1; check the url and its port");
    case CURLE_BAD_CONTENT_ENCODING:
      return error(ErrorClass::malformed, host + " sent a broken encoding; check any proxy in between");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
#if LIBCURL_VERSION_NUM >= 0x080600  // Debian 13's
    case CURLE_TOO_LARGE:
#endif
      // libcurl's own bound on one line of the head (100 KiB) ends in these.
      return error(ErrorClass::malformed, host + " sent an answer that libcurl can't take (" + detail(code) +
                                              "), such as a line of over 100 KiB in its head");
    case CURLE_URL_MALFORMAT:
      return error(ErrorClass::malformed, "the URL for " + host + ", or proxy_url, can't be used");
    default:
      // Codes of other protocols and of options that are not in use here.
      return error(ErrorClass::connection,
                   "the exchange with " + host + " failed: " + curl_easy_strerror(code));
  }
}

CurlTransport::CurlTransport(const CurlGlobal&, CurlTransportOptions options)
    : options_(std::move(options)), proxy_rules_(make_proxy_rules(options_.proxy)) {}

CurlTransport::~CurlTransport() = default;

std::unique_ptr<CurlTransport::Session> CurlTransport::take_session() {
  {
    const MutexLock lock(mutex_);
    while (!idle_.empty()) {
      // The one used last has the connection that is most likely still open.
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      if (!session->spoilt()) {
        return session;
      }
    }
  }
  return std::make_unique<Session>();
}

void CurlTransport::configure(const Session& session, Exchange& exchange) const {
  CURL* easy = session.easy;
  const HttpRequest& request = exchange.request;
  curl_easy_reset(easy);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  // As curl itself: with libcurl's own 16 KiB a page of 400 kB takes two dozen rounds of waiting.
  set(easy, CURLOPT_BUFFERSIZE, 102'400L);
  // Without it a stop would wait for a resolver thread that is stuck in getaddrinfo.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  // HTTP/2 would gain nothing with one request per connection, and its cut-offs are told apart less clearly.
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);  // GzipReader decodes
  set(easy, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(request.timeout.count())));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(options_.connect_timeout.count())));
  set_text(easy, CURLOPT_USERAGENT, options_.user_agent);
  if (request.fresh_connection) {
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
  }
  set(easy, CURLOPT_ERRORBUFFER, exchange.error_text.data());
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::head_callback);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::body_callback);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&exchange));

  if (request.method != "GET" || !request.body.empty()) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.data());  // not copied
    set_text(easy, CURLOPT_CUSTOMREQUEST, request.method);
  }

  for (const HttpHeader& field : request.headers.fields()) {
    append(exchange.headers, header_line(field));
  }
  append(exchange.headers, "Accept-Encoding: gzip");
  append(exchange.headers, "Expect:");

  // The certificate's name is the URL's host for libcurl. So a server_name goes into the URL, and the
  // connection and the Host header are led to where they belong.
  const Url& url = exchange.url;
  const std::string& server_name = options_.tls.server_name;
  if (url.scheme == "https" && !server_name.empty() && server_name != url.host) {
    Url named = url;
    named.host = server_name;
    set_text(easy, CURLOPT_URL, named.origin() + url.target);
    const std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
    append(exchange.connect_to, "::" + host + ":" + std::to_string(url.port));
    set(easy, CURLOPT_CONNECT_TO, exchange.connect_to.get());
    if (!request.headers.first("Host")) {
      append(exchange.headers, "Host: " + url.authority());
    }
  } else {
    set_text(easy, CURLOPT_URL, url.origin() + url.target);
  }
  set(easy, CURLOPT_HTTPHEADER, exchange.headers.get());
  if (options_.address_of) {
    if (const std::optional<std::string> address = options_.address_of(url.host)) {
      append(exchange.addresses, url.host + ":" + std::to_string(url.port) + ":" + *address);
      set(easy, CURLOPT_RESOLVE, exchange.addresses.get());
    }
  }
  configure_tls(session);
  configure_proxy(session, exchange);
}

void CurlTransport::configure_tls(const Session& session) const {
  CURL* easy = session.easy;
  const TlsOptions& tls = options_.tls;
  const long verify = tls.insecure_skip_verify ? 0L : 1L;
  constexpr long kVerifyName = 2L;
  set(easy, CURLOPT_SSLVERSION, min_version(tls.min_version) | max_version(tls.max_version));
  set(easy, CURLOPT_SSL_VERIFYPEER, verify);
  set(easy, CURLOPT_SSL_VERIFYHOST, verify * kVerifyName);
  set(easy, CURLOPT_PROXY_SSL_VERIFYPEER, verify);
  set(easy, CURLOPT_PROXY_SSL_VERIFYHOST, verify * kVerifyName);
  if (!tls.ca_pem.empty()) {
    // A blob replaces the system's CA file only; its folder of CAs would still be trusted.
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(easy, CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
    set_blob(easy, CURLOPT_CAINFO_BLOB, tls.ca_pem);
    set_blob(easy, CURLOPT_PROXY_CAINFO_BLOB, tls.ca_pem);
  }
  if (!tls.cert_pem.empty()) {
    set_text(easy, CURLOPT_SSLCERTTYPE, "PEM");
    set_blob(easy, CURLOPT_SSLCERT_BLOB, tls.cert_pem);
    set_text(easy, CURLOPT_SSLKEYTYPE, "PEM");
    set_blob(easy, CURLOPT_SSLKEY_BLOB, tls.key_pem);
  }
}

void CurlTransport::configure_proxy(const Session& session, Exchange& exchange) const {
  CURL* easy = session.easy;
  // Both set, so that libcurl looks at no environment variable: an empty proxy is none, an empty list
  // excludes nobody.
  set_text(easy, CURLOPT_PROXY, proxy_rules_.proxy_for(exchange.url));
  set_text(easy, CURLOPT_NOPROXY, "");
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Separate lists: the origin's credentials must not stand in the CONNECT, which the proxy reads.
  set(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  if (exchange.url.scheme ==
      "https") {  // the only requests with a CONNECT; others would carry them to the origin
    for (const HttpHeader& field : options_.proxy.connect_headers) {
      append(exchange.connect_headers, header_line(field));
    }
    set(easy, CURLOPT_PROXYHEADER, exchange.connect_headers.get());
  }
}

Result<HttpResponse> CurlTransport::send(const HttpRequest& request, std::stop_token stop) {
  const auto refuse = [](ErrorClass error_class, std::string message) {
    return std::unexpected(Error{.error_class = error_class, .message = std::move(message)});
  };
  const std::optional<Url> url = parse_url(request.url);
  if (!url) {
    return refuse(ErrorClass::malformed, "not asked: no valid http(s) URL");
  }
  for (const std::vector<HttpHeader>* fields : {&request.headers.fields(), &options_.proxy.connect_headers}) {
    for (const HttpHeader& field : *fields) {
      if (!is_header_safe(field)) {
        return refuse(ErrorClass::malformed, url->authority() +
                                                 " was not asked: a header to be sent holds a control "
                                                 "character; check http_headers and the secrets");
      }
    }
  }

  Exchange exchange(request, *url, options_);
  std::unique_ptr<Session> session = take_session();
  configure(*session, exchange);
  if (curl_multi_add_handle(session->multi, session->easy) != CURLM_OK) {
    throw std::bad_alloc();
  }
  std::optional<CURLcode> done;
  {
    const std::stop_callback wake(stop, [&session] { curl_multi_wakeup(session->multi); });
    CURLMcode state = CURLM_OK;
    while (!done && state == CURLM_OK && !stop.stop_requested()) {
      int running = 0;
      const std::size_t before = exchange.response.body.size();
      state = curl_multi_perform(session->multi, &running);
      int queued = 0;
      while (const CURLMsg* message = curl_multi_info_read(session->multi, &queued)) {
        if (message->msg == CURLMSG_DONE) {
          done = message->data.result;
        }
      }
      // libcurl reads one TLS record at a time. While they come, it is not waited for the next one.
      if (!done && state == CURLM_OK && exchange.response.body.size() == before) {
        state = curl_multi_poll(session->multi, nullptr, 0, kPollMilliseconds, nullptr);
      }
    }
  }
  Result<HttpResponse> result =
      done ? exchange.finish(session->easy, *done)
           : refuse(stop.stop_requested() ? ErrorClass::cancelled : ErrorClass::connection,
                    stop.stop_requested() ? "the request to " + url->authority() + " was cancelled by a stop"
                                          : "libcurl failed on the exchange with " + url->authority());
  const bool good = done == CURLE_OK;
  if (good) {
    curl_easy_getinfo(session->easy, CURLINFO_ACTIVESOCKET, &session->socket);
  }
  curl_multi_remove_handle(session->multi, session->easy);
  curl_easy_reset(session->easy);  // it holds addresses of this exchange
  // After a failure the handle is not as new: libcurl 7.88 refuses options once a name could not be resolved.
  if (good) {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(session));
  }
  return result;
}

}  // namespace exporter::net
