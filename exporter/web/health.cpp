#include "web/health.h"

#include <utility>

namespace exporter::web {
namespace {

WebResponse not_cached(WebResponse response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

Handler make_healthy_handler() {
  return [response = not_cached(text_response(200, "okta-servicenow-exporter is healthy.\n"))](
             const WebRequest&) { return response; };
}

Handler make_ready_handler(std::function<bool()> ready) {
  return [ready = std::move(ready),
          good = not_cached(text_response(200, "okta-servicenow-exporter is ready.\n")),
          bad = not_cached(text_response(503, "okta-servicenow-exporter is not ready.\n"))](
             const WebRequest&) { return ready() ? good : bad; };
}

}  // namespace exporter::web
