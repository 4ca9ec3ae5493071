// What systemd asks of a service, without its library: two environment variables and a datagram.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"

namespace exporter::app {

// The listening sockets that a socket unit handed over (sd_listen_fds(3)). Takes the variables out of the
// environment, so that no child takes the sockets for its own. An error (connection) where there are none.
Result<std::vector<int>> take_systemd_sockets();

// Tells the service manager, where there is one (sd_notify(3)): "READY=1", "RELOADING=1", "STOPPING=1".
void notify_systemd(std::string_view state);

}  // namespace exporter::app
