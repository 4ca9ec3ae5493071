// The epoll loop: accepts, reads, answers, times out. One thread, no lock but the worker's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "web/connection.h"
#include "web/deadlines.h"
#include "web/file_descriptor.h"
#include "web/http_engine.h"
#include "web/listener.h"
#include "web/server.h"
#include "web/web_settings.h"
#include "web/worker.h"

namespace exporter::web {

struct Route {
  std::string method;
  std::string path;
  std::string name;
  Server::Speed speed;
  Handler handler;
};

class Loop {
 public:
  // Everything passed by reference outlives the loop. `settings` may be null: no web config file.
  Loop(const ServerOptions& options, const std::vector<Route>& routes, Log& log, ServerObserver& observer,
       std::unique_ptr<WebSettings> settings = nullptr);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Before run().
  Result<void> open(std::vector<Listener> listeners);
  // On the loop's thread; returns after stop() with every connection closed.
  void run();
  // From any thread, once or more.
  void stop();

 private:
  struct Client {
    Client(std::uint64_t number, FileDescriptor socket, std::shared_ptr<const TlsContext> tls)
        : id(number), connection(std::move(socket), std::move(tls)), deadline(number) {}
    std::uint64_t id;
    Connection connection;
    Deadline deadline;
    // A request whose password is being checked.
    std::optional<RoutedRequest> waiting;
  };

  int wait_milliseconds() const;
  void on_event(std::uint64_t id, std::uint32_t events);
  void accept_clients(const Listener& listener);
  void add_client(FileDescriptor socket);
  // 503, best effort and not through the loop: that is what is full.
  void turn_away(FileDescriptor socket);
  // Closes the client that is missed least, to make room; false if all are being answered.
  bool evict_one();
  void pause_accepting(std::string_view why);
  void resume_accepting();

  void take_answers();
  // One request, even if more were received: a client that pipelines waits its turn.
  void serve_next(Client& client);
  void dispatch(Client& client, const RequestHead& head);
  // By the web config file: passwords first, then everything else, as exporter-toolkit does it.
  void admit(Client& client, RoutedRequest routed);
  void answer(Client& client, RoutedRequest routed, bool authenticated);
  void demand_password(Client& client, const RoutedRequest& routed);
  // Leaves the client to the worker; 503 where too much waits already.
  void hand_over(Client& client, Worker::Job job, std::string_view handler);
  void on_closed(Client& client);
  std::string_view handler_name(const RoutedRequest& routed) const;
  void refuse(Client& client, int status);
  void respond(Client& client, std::string_view handler, WebResponse response);
  void flush(Client& client);
  void finish_response(Client& client);
  void expire();
  void close(Client& client);
  void set_interest(Client& client, std::uint32_t events);
  std::string_view date();

  const ServerOptions& options_;
  const std::vector<Route>& routes_;
  Log& log_;
  ServerObserver& observer_;
  HttpEngine engine_;
  std::unique_ptr<WebSettings> settings_;
  PasswordMemo passwords_;
  // Of the web config file, for every answer.
  std::vector<std::pair<std::string, std::string>> headers_;
  Worker worker_;
  std::size_t max_connections_ = 0;
  bool has_slow_routes_ = false;

  FileDescriptor epoll_;
  FileDescriptor wake_;
  std::atomic<bool> stopping_ = false;
  std::vector<Listener> listeners_;

  // The lists outlive the clients, who leave them when they die.
  DeadlineList idle_;
  DeadlineList heads_;
  DeadlineList writes_;   // some of it was read lately
  DeadlineList stalled_;  // nothing of it was
  DeadlineList lingering_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t next_id_ = 0;
  // Clients with a request received but not yet looked at.
  std::vector<std::uint64_t> ready_;
  int scrapes_ = 0;
  SteadyTime now_;  // of this turn
  bool accepting_ = true;
  SteadyTime resume_at_;
  SteadyTime next_warning_;
  std::time_t date_second_ = 0;
  std::string date_;
  std::array<char, 16'384> scratch_{};
};

}  // namespace exporter::web
