#include "web/loop.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "web/negotiation.h"
#include "web/page_access.h"
#include "web/response_head.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

// What epoll's data says: 0 is the eventfd, then the listeners, then the clients, whose numbers are never
// used again. An event or a worker's answer for a client that is gone finds nobody.
constexpr std::uint64_t kWake = 0;
constexpr std::uint64_t kFirstListener = 1;
constexpr std::uint64_t kFirstClient = 1 << 16;
// Accepted in one turn, so that a storm of connections does not starve those that are open.
constexpr int kAcceptsPerTurn = 64;
constexpr auto kAcceptPause = 100ms;
constexpr auto kWarningInterval = 1min;

std::size_t effective_max_connections(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  return std::max<std::size_t>(1, std::min(wanted, descriptors - descriptors / 4));
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

Error system_error(std::string_view what) {
  return {ErrorClass::connection, std::string(what) + ": " + std::system_category().message(errno)};
}

}  // namespace

Loop::Loop(const ServerOptions& options, const std::vector<Route>& routes, Log& log, ServerObserver& observer,
           std::unique_ptr<WebSettings> settings)
    : options_(options),
      routes_(routes),
      log_(log),
      observer_(observer),
      settings_(std::move(settings)),
      worker_(log,
              [this] {
                const std::uint64_t one = 1;
                [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
              }),
      idle_(options.idle_timeout),
      heads_(options.head_timeout),
      writes_(std::min(options.stall_timeout, options.write_timeout)),
      stalled_(options.write_timeout - std::min(options.stall_timeout, options.write_timeout)),
      lingering_(options.linger_timeout),
      next_id_(kFirstClient) {
  for (const Route& route : routes_) {
    engine_.add_route(route.method, route.path);
    has_slow_routes_ = has_slow_routes_ || route.speed == Server::Speed::slow;
  }
}

Loop::~Loop() { worker_.stop(); }

Result<void> Loop::open(std::vector<Listener> listeners) {
  listeners_ = std::move(listeners);
  max_connections_ = effective_max_connections(options_.max_connections);
  epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return std::unexpected(system_error("can't create an epoll instance"));
  wake_ = FileDescriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_) return std::unexpected(system_error("can't create an eventfd"));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWake;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return std::unexpected(system_error("can't watch the eventfd"));
  }
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    event.data.u64 = kFirstListener + i;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listeners_[i].fd(), &event) != 0) {
      return std::unexpected(system_error("can't watch " + listeners_[i].address()));
    }
  }
  if (settings_) headers_ = settings_->current().headers;
  if (has_slow_routes_ || settings_) worker_.start();
  return {};
}

void Loop::stop() {
  stopping_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void Loop::run() {
  block_signals();
  std::array<epoll_event, 256> events{};
  std::vector<std::uint64_t> turn;
  while (!stopping_.load()) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_milliseconds());
    now_ = std::chrono::steady_clock::now();
    if (count < 0 && errno != EINTR) {
      log_.error("the web server stops", {{"error", system_error("can't wait for events").message}});
      break;
    }
    // Those that wait from the last turn first; a request found in this turn waits for the next one.
    turn.clear();
    turn.swap(ready_);
    for (const std::uint64_t id : turn) {
      const auto found = clients_.find(id);
      if (found != clients_.end() && found->second->connection.phase == Connection::Phase::reading) {
        serve_next(*found->second);
      }
    }
    for (int i = 0; i < count && !stopping_.load(); ++i) {
      on_event(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    }
    expire();
  }
  worker_.stop();
  clients_.clear();
  listeners_.clear();
}

int Loop::wait_milliseconds() const {
  if (!ready_.empty()) return 0;
  SteadyTime first = SteadyTime::max();
  for (const DeadlineList* list : {&idle_, &heads_, &writes_, &stalled_, &lingering_}) {
    if (!list->empty()) first = std::min(first, list->first_deadline());
  }
  if (!accepting_) first = std::min(first, resume_at_);
  if (first == SteadyTime::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, 0ms, std::chrono::milliseconds(1h)).count());
}

void Loop::on_event(std::uint64_t id, std::uint32_t events) {
  if (id == kWake) {
    std::uint64_t drained = 0;
    [[maybe_unused]] const auto count = ::read(wake_.get(), &drained, sizeof drained);
    take_answers();
    return;
  }
  if (id < kFirstClient) {
    accept_clients(listeners_[id - kFirstListener]);
    return;
  }
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  Connection& connection = client.connection;
  // Both directions are down. A client that only ended its own side is no such case: it may wait for its
  // answer.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    close(client);
    return;
  }
  switch (connection.phase) {
    case Connection::Phase::reading:
      switch (connection.receive(scratch_)) {
        case Connection::Io::blocked:
          set_interest(client, connection.blocked_on());
          return;
        case Connection::Io::closed:
          on_closed(client);
          return;
        case Connection::Io::done:
          set_interest(client, EPOLLIN);
          serve_next(client);
          return;
      }
      return;
    case Connection::Phase::handling:
      return;
    case Connection::Phase::writing:
      flush(client);
      return;
    case Connection::Phase::lingering:
      if (connection.drain(scratch_) == Connection::Io::closed) close(client);
      return;
  }
}

void Loop::accept_clients(const Listener& listener) {
  bool made_room = false;
  // accept4 fails for want of a descriptor before it looks whether anybody waits, so room is made for one
  // client only; if more wait, the listener is still readable in the next turn.
  for (int i = 0; i < kAcceptsPerTurn && !made_room; ++i) {
    FileDescriptor socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket && is_shortage(errno)) {
      made_room = evict_one();
      if (made_room) {
        socket = FileDescriptor(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      }
      if (!socket && is_shortage(errno)) {
        // A listener that stays readable and can't be accepted from would spin the loop.
        pause_accepting(std::system_category().message(errno));
        return;
      }
    }
    if (!socket) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      continue;  // this client's own trouble: it left before it was accepted
    }
    if (clients_.size() >= max_connections_ && !evict_one()) {
      turn_away(std::move(socket));
    } else {
      add_client(std::move(socket));
    }
  }
}

void Loop::on_closed(Client& client) {
  Connection& connection = client.connection;
  if (!connection.spoke_plain_http()) {
    close(client);
    return;
  }
  observer_.on_served(kOtherHandler, 400);
  connection.send_in_the_clear(
      "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 49\r\n"
      "Connection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\r\n");
  connection.end_output();
  connection.phase = Connection::Phase::lingering;
  client.deadline.set(lingering_, now_);
  set_interest(client, EPOLLIN);
}

void Loop::turn_away(FileDescriptor socket) {
  observer_.on_served(kOtherHandler, 503);
  // A handshake for the sake of a refusal is not worth what it costs.
  if (settings_ && settings_->current().tls) return;
  const WebResponse response = error_response(503);
  Connection connection(std::move(socket));
  connection.send(
      make_response_head(response,
                         {.content_length = response.body->size(), .keep_alive = false, .date = date()}),
      response.body);
  connection.transmit();
  connection.end_output();
}

void Loop::add_client(FileDescriptor socket) {
  const int on = 1;
  // Nagle and delayed acknowledgement together cost 44 ms per request on a connection that is kept alive
  // (measured).
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::uint64_t id = next_id_++;
  auto client =
      std::make_unique<Client>(id, std::move(socket), settings_ ? settings_->current().tls : nullptr);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client->connection.fd(), &event) != 0) return;
  client->connection.interest = EPOLLIN;
  client->deadline.set(heads_, now_);
  clients_.emplace(id, std::move(client));
}

bool Loop::evict_one() {
  for (const DeadlineList* list : {&idle_, &lingering_, &heads_}) {
    if (list->empty()) continue;
    close(*clients_.at(list->first()));
    return true;
  }
  return false;
}

void Loop::pause_accepting(std::string_view why) {
  if (now_ >= next_warning_) {
    log_.warn("can't accept connections; raise the limit of open files", {{"error", std::string(why)}});
    next_warning_ = now_ + kWarningInterval;
  }
  for (const Listener& listener : listeners_) {
    epoll_event event{};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener.fd(), &event);
  }
  accepting_ = false;
  resume_at_ = now_ + kAcceptPause;
}

void Loop::resume_accepting() {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kFirstListener + i;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listeners_[i].fd(), &event);
  }
  accepting_ = true;
}

void Loop::take_answers() {
  for (Worker::Answer& answer : worker_.take_answers()) {
    if (answer.check) passwords_.remember(*answer.check, answer.granted);
    const auto found = clients_.find(answer.connection);
    if (found == clients_.end()) continue;
    Client& client = *found->second;
    if (!answer.check) {
      respond(client, routes_[client.connection.route].name, std::move(answer.response));
      continue;
    }
    RoutedRequest routed = std::move(client.waiting).value_or(RoutedRequest());
    client.waiting.reset();
    if (answer.granted) {
      this->answer(client, std::move(routed), true);
    } else {
      demand_password(client, routed);
    }
  }
}

void Loop::serve_next(Client& client) {
  Connection& connection = client.connection;
  const Connection::Request request = connection.take_request(
      {.max_head_bytes = options_.max_head_bytes, .max_body_bytes = options_.max_body_bytes});
  switch (request.state) {
    case Connection::Request::State::incomplete:
      if (connection.ended()) {
        close(client);
      } else if (!client.deadline.is_in(heads_)) {
        // From the first byte; more bytes do not move it, or a byte a minute would hold a connection for
        // ever.
        client.deadline.set(heads_, now_);
      }
      return;
    case Connection::Request::State::refused:
      refuse(client, request.status);
      return;
    case Connection::Request::State::ready:
      dispatch(client, request.head);
      return;
  }
}

void Loop::dispatch(Client& client, const RequestHead& head) {
  Connection& connection = client.connection;
  RoutedRequest routed = engine_.parse(head.text);
  connection.keep_alive = head.keep_alive;
  connection.head_only = head.text.starts_with("HEAD ");
  connection.accepts_gzip = accepts_gzip(routed.accept_encoding);
  if (settings_) {
    admit(client, std::move(routed));
  } else {
    answer(client, std::move(routed), false);
  }
}

std::string_view Loop::handler_name(const RoutedRequest& routed) const {
  return routed.status == 200 ? std::string_view(routes_[routed.route].name) : kOtherHandler;
}

void Loop::admit(Client& client, RoutedRequest routed) {
  const WebSettings::Current& settings = settings_->current();
  if (settings.broken) {
    respond(client, handler_name(routed), error_response(500));
    return;
  }
  headers_ = settings.headers;
  if (!settings_->allow_request(now_)) {
    respond(client, handler_name(routed), error_response(429));
    return;
  }
  if (settings.users.empty()) {
    answer(client, std::move(routed), false);
    return;
  }
  const std::optional<Credentials> credentials = parse_basic(routed.authorization);
  if (!credentials) {
    demand_password(client, routed);
    return;
  }
  PasswordMemo::Verdict verdict = passwords_.look_up(*credentials, settings.users);
  if (verdict.granted) {
    if (*verdict.granted) {
      answer(client, std::move(routed), true);
    } else {
      demand_password(client, routed);
    }
    return;
  }
  const std::string_view handler = handler_name(routed);
  client.waiting = std::move(routed);
  hand_over(client, {.connection = client.id, .request = {}, .check = std::move(verdict.check)}, handler);
}

void Loop::demand_password(Client& client, const RoutedRequest& routed) {
  WebResponse response = error_response(401);
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  respond(client, handler_name(routed), std::move(response));
}

void Loop::hand_over(Client& client, Worker::Job job, std::string_view handler) {
  if (!worker_.submit(std::move(job))) {
    client.waiting.reset();
    respond(client, handler, text_response(503, "Too many requests are waiting; try again later.\n"));
    return;
  }
  client.connection.phase = Connection::Phase::handling;
  client.deadline.clear();
  set_interest(client, 0);
}

void Loop::answer(Client& client, RoutedRequest routed, bool authenticated) {
  Connection& connection = client.connection;
  if (routed.status != 200) {
    WebResponse response = error_response(routed.status);
    if (routed.status == 405) response.headers.emplace_back("Allow", routed.allow);
    respond(client, kOtherHandler, std::move(response));
    return;
  }
  const Route& route = routes_[routed.route];
  connection.route = routed.route;
  if (route.name == kScrapeHandler) {
    if (options_.max_requests > 0 && scrapes_ >= options_.max_requests) {
      respond(client, route.name,
              text_response(503, "Already answering " + std::to_string(scrapes_) +
                                     " scrapes, as many as --web.max-requests allows; try again later.\n"));
      return;
    }
    ++scrapes_;
    connection.counts_as_scrape = true;
  }
  // Asked of the kernel for pages only, not for scrapes.
  const bool sees_people = !connection.counts_as_scrape &&
                           may_see_people({.authenticated = authenticated,
                                           .verified_certificate = connection.encrypted() && settings_ &&
                                                                   settings_->current().verifies_clients,
                                           .from_loopback = is_loopback_connection(connection.fd()),
                                           .forwarded = routed.forwarded,
                                           .host = routed.host});
  const bool same_origin = is_same_origin(routed.origin, routed.host);
  WebRequest request{.method = std::move(routed.method),
                     .path = std::move(routed.path),
                     .query = std::move(routed.query),
                     .accept = std::move(routed.accept),
                     .host = std::move(routed.host),
                     .may_see_people = sees_people,
                     .same_origin = same_origin,
                     .accepts_gzip = connection.accepts_gzip};
  if (route.speed == Server::Speed::fast) {
    respond(client, route.name, run_handler(route.handler, request, log_));
    return;
  }
  hand_over(client, {.connection = client.id, .handler = &route.handler, .request = std::move(request)},
            route.name);
}

void Loop::refuse(Client& client, int status) {
  client.connection.keep_alive = false;
  client.connection.linger_after = true;
  client.connection.head_only = false;
  client.connection.accepts_gzip = false;
  respond(client, kOtherHandler, error_response(status));
}

void Loop::respond(Client& client, std::string_view handler, WebResponse response) {
  Connection& connection = client.connection;
  if (!has_safe_headers(response)) {
    log_.error("an answer with a line break in its head was not sent", {{"handler", std::string(handler)}});
    response = error_response(500);
  }
  const bool gzip = connection.accepts_gzip && response.gzip_body != nullptr;
  std::shared_ptr<const std::string> body = gzip ? response.gzip_body : response.body;
  std::shared_ptr<const std::string> tail = gzip ? response.gzip_tail : response.tail;
  if (response.status == 204 || response.status == 304) {
    body.reset();
    tail.reset();
  }
  const std::size_t size = (body ? body->size() : 0) + (tail ? tail->size() : 0);
  for (const auto& [name, value] : headers_) {
    // The web config file has the last word.
    std::erase_if(response.headers, [&](const auto& header) { return header.first == name; });
    response.headers.emplace_back(name, value);
  }
  std::string head = make_response_head(
      response, {.content_length = size, .gzip = gzip, .keep_alive = connection.keep_alive, .date = date()});
  observer_.on_served(handler, response.status);
  if (connection.head_only) {
    body.reset();
    tail.reset();
  }
  connection.send(std::move(head), std::move(body), std::move(tail));
  flush(client);
}

void Loop::flush(Client& client) {
  Connection& connection = client.connection;
  const std::uint64_t sent_before = connection.bytes_sent();
  switch (connection.transmit()) {
    case Connection::Io::done:
      finish_response(client);
      return;
    case Connection::Io::closed:
      close(client);
      return;
    case Connection::Io::blocked:
      break;
  }
  const bool progress = connection.bytes_sent() != sent_before;
  if (progress || connection.phase != Connection::Phase::writing) client.deadline.set(writes_, now_);
  connection.phase = Connection::Phase::writing;
  set_interest(client, connection.blocked_on());
}

void Loop::finish_response(Client& client) {
  Connection& connection = client.connection;
  if (std::exchange(connection.counts_as_scrape, false)) --scrapes_;
  if (connection.linger_after) {
    // A close with unread input resets the connection, and the client would never read why it was refused.
    connection.end_output();
    connection.phase = Connection::Phase::lingering;
    client.deadline.set(lingering_, now_);
    set_interest(client, EPOLLIN);
    return;
  }
  if (!connection.keep_alive || (connection.ended() && !connection.has_input())) {
    close(client);
    return;
  }
  connection.phase = Connection::Phase::reading;
  set_interest(client, EPOLLIN);
  if (connection.has_input()) {
    client.deadline.set(heads_, now_);
    ready_.push_back(client.id);
  } else {
    client.deadline.set(idle_, now_);
  }
}

void Loop::expire() {
  while (!heads_.empty() && heads_.first_deadline() <= now_) {
    Client& client = *clients_.at(heads_.first());
    // A connection that never said a word is not answered.
    if (client.connection.has_input()) {
      refuse(client, 408);
    } else {
      close(client);
    }
  }
  for (const DeadlineList* list : {&idle_, &lingering_}) {
    while (!list->empty() && list->first_deadline() <= now_) close(*clients_.at(list->first()));
  }
  while (!writes_.empty() && writes_.first_deadline() <= now_) {
    Client& client = *clients_.at(writes_.first());
    if (std::exchange(client.connection.counts_as_scrape, false)) --scrapes_;
    client.deadline.set(stalled_, now_);
  }
  while (!stalled_.empty() && stalled_.first_deadline() <= now_) {
    Client& client = *clients_.at(stalled_.first());
    client.connection.abort_on_close();
    close(client);
  }
  if (!accepting_ && resume_at_ <= now_) resume_accepting();
}

void Loop::close(Client& client) {
  if (client.connection.counts_as_scrape) --scrapes_;
  const std::uint64_t id = client.id;  // dies with the client
  clients_.erase(id);
}

void Loop::set_interest(Client& client, std::uint32_t events) {
  if (client.connection.interest == events) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = client.id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.connection.fd(), &event);
  client.connection.interest = events;
}

std::string_view Loop::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second_ || date_.empty()) {
    date_ = http_date(second);
    date_second_ = second;
  }
  return date_;
}

}  // namespace exporter::web
