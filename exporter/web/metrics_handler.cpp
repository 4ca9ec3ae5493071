#include "web/metrics_handler.h"

#include <memory>
#include <utility>

#include "metrics/text_format.h"
#include "web/gzip.h"

namespace exporter::web {
namespace {

// zlib's fastest: an exposition repeats itself so much that higher levels cost more time in the loop than
// they save bytes.
constexpr int kGzipLevel = 1;

class Exposition {
 public:
  explicit Exposition(metrics::Registry& registry) : registry_(registry), gzip_(kGzipLevel) {}

  // The one place that decides whether a body is made or taken from an earlier scrape. Made each time for
  // now: process_* changes with every scrape.
  WebResponse respond(const WebRequest& request) {
    std::string text = metrics::render_text(registry_.collect());
    WebResponse response{.content_type = std::string(metrics::kTextContentType)};
    if (request.accepts_gzip) {
      response.gzip_body = std::make_shared<const std::string>(gzip_.compress(text));
    } else {
      response.body = std::make_shared<const std::string>(std::move(text));
    }
    return response;
  }

 private:
  metrics::Registry& registry_;
  Gzip gzip_;
};

}  // namespace

Handler make_metrics_handler(metrics::Registry& registry) {
  // Shared because a std::function is copied.
  return [exposition = std::make_shared<Exposition>(registry)](const WebRequest& request) {
    return exposition->respond(request);
  };
}

}  // namespace exporter::web
