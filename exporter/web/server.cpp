#include "web/server.h"

#include <thread>
#include <utility>

#include "base/mutex.h"
#include "web/listener.h"
#include "web/loop.h"
#include "web/web_settings.h"

namespace exporter::web {

struct Server::Impl {
  Impl(ServerOptions server_options, Log& server_log, ServerObserver& server_observer)
      : options(std::move(server_options)), log(server_log), observer(server_observer) {}

  const ServerOptions options;
  Log& log;
  ServerObserver& observer;
  // All of these are written before the loop's thread starts and only read after.
  std::vector<Route> routes;
  std::vector<std::string> addresses;
  std::unique_ptr<Loop> loop;
  Mutex mutex;
  std::thread thread GUARDED_BY(mutex);
};

Server::Server(ServerOptions options, Log& log, ServerObserver& observer)
    : impl_(std::make_unique<Impl>(std::move(options), log, observer)) {}

Server::~Server() { stop(); }

void Server::route(std::string method, std::string path, std::string name, Speed speed, Handler handler) {
  impl_->routes.push_back({std::move(method), std::move(path), std::move(name), speed, std::move(handler)});
}

Result<void> Server::start() {
  std::unique_ptr<WebSettings> settings;
  if (const std::string& file = impl_->options.web_config_file; !file.empty()) {
    auto opened = WebSettings::open(file, impl_->log, [&observer = impl_->observer](auto not_after) {
      observer.on_certificate(not_after);
    });
    if (!opened) return std::unexpected(opened.error());
    settings = std::move(*opened);
  }
  std::vector<Listener> listeners;
  std::vector<std::string> addresses;
  for (const int socket : impl_->options.inherited_sockets) {
    auto listener = Listener::inherit(FileDescriptor(socket));
    if (!listener) return std::unexpected(listener.error());
    addresses.push_back(listener->address());
    listeners.push_back(std::move(*listener));
  }
  const bool inherited = !listeners.empty();
  for (const std::string& address : impl_->options.listen_addresses) {
    if (inherited) break;
    auto listener = Listener::open(address);
    if (!listener) return std::unexpected(listener.error());
    addresses.push_back(listener->address());
    listeners.push_back(std::move(*listener));
  }
  auto loop =
      std::make_unique<Loop>(impl_->options, impl_->routes, impl_->log, impl_->observer, std::move(settings));
  if (auto opened = loop->open(std::move(listeners)); !opened) return opened;
  impl_->loop = std::move(loop);
  impl_->addresses = std::move(addresses);
  const MutexLock lock(impl_->mutex);
  impl_->thread = std::thread([&running = *impl_->loop] { running.run(); });
  return {};
}

void Server::stop() {
  const MutexLock lock(impl_->mutex);
  if (!impl_->thread.joinable()) return;
  impl_->loop->stop();
  impl_->thread.join();
}

std::vector<std::string> Server::addresses() const { return impl_->addresses; }

}  // namespace exporter::web
