// Asks a running exporter where there is neither shell nor curl: the health check of a container, and the
// test of the Helm chart.
#pragma once

#include <string>
#include <string_view>

#include "app/flags.h"
#include "base/error.h"
#include "net/http.h"

namespace exporter::app {

// The URL of readiness behind --web.probe-address: an address that stands for all of them is asked on
// loopback.
std::string probe_url(const ListenAddress& address);

// Is there a sample of this metric in an exposition?
bool has_metric(std::string_view exposition, std::string_view metric);

// One request; good where it is answered with 200 and, where a metric is asked for, the answer has it. The
// message of an error names the URL.
Result<void> probe(net::HttpTransport& transport, const ProbeFlags& flags);

}  // namespace exporter::app
