// A listener: HTTP or HTTPS in front of a handler.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "simulator/http.h"

namespace simulator {

struct Tls {
  std::string certificate;
  std::string key;
  bool on() const { return !certificate.empty(); }
};

class Listener {
 public:
  // Binds at once; port 0 takes any. Throws std::runtime_error with a sentence.
  Listener(const std::string& address, const Tls& tls, Handler handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start();
  void stop();  // open connections are shut down, so that no keep-alive holds the stop back
  const std::string& url() const { return url_; }

 private:
  struct Server;
  std::unique_ptr<Server> server_;
  std::string url_;
  std::thread thread_;
};

}  // namespace simulator
