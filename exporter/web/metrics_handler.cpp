#include "web/metrics_handler.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "metrics/text_format.h"
#include "web/gzip.h"
#include "web/negotiation.h"

namespace exporter::web {
namespace {

using metrics::Registry;
using SharedText = std::shared_ptr<const std::string>;

// zlib's fastest: an exposition repeats itself so much that higher levels cost more time in the loop than
// they save bytes.
constexpr int kGzipLevel = 1;

SharedText share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::string_view content_type(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::text:
      break;
    case ExpositionFormat::openmetrics:
      return metrics::kOpenMetricsContentType;
    case ExpositionFormat::openmetrics_draft:
      return metrics::kOpenMetricsDraftContentType;
  }
  return metrics::kTextContentType;
}

class Exposition {
 public:
  Exposition(Registry& registry, ExpositionOptions options)
      : registry_(registry), options_(options), gzip_(kGzipLevel) {}

  WebResponse respond(const WebRequest& request) {
    const ExpositionFormat format = exposition_format(request.accept);
    const bool openmetrics = format != ExpositionFormat::text;
    Kept& kept = kept_[openmetrics ? 1 : 0];
    const std::uint64_t revision = registry_.revision();
    if (kept.revision != revision) {
      kept = {.revision = revision};
    }
    WebResponse response{.content_type = std::string(content_type(format)),
                         .headers = {{"Vary", "Accept"}}};
    std::string tail = render(Registry::Part::fleeting, openmetrics);
    if (openmetrics) tail += metrics::kOpenMetricsEnd;
    if (request.accepts_gzip) {
      if (!kept.zipped) {
        kept.part = gzip_.begin(kept.plain ? *kept.plain : render(Registry::Part::lasting, openmetrics));
        kept.zipped = share(std::move(kept.part.bytes));
      }
      response.gzip_body = kept.zipped;
      response.gzip_tail = share(gzip_.finish(kept.part, tail));
    } else {
      if (!kept.plain) kept.plain = share(render(Registry::Part::lasting, openmetrics));
      response.body = kept.plain;
      response.tail = share(std::move(tail));
    }
    return response;
  }

 private:
  // The lasting part of one format, in the forms that somebody asked for.
  struct Kept {
    std::optional<std::uint64_t> revision = std::nullopt;
    SharedText plain = nullptr;
    Gzip::Part part = {};  // its bytes are in `zipped`
    SharedText zipped = nullptr;
  };

  std::string render(Registry::Part part, bool openmetrics) const {
    const std::vector<metrics::Family> families = registry_.collect(part);
    return openmetrics ? metrics::render_openmetrics(families, options_.created)
                       : metrics::render_text(families);
  }

  Registry& registry_;
  const ExpositionOptions options_;
  Gzip gzip_;
  std::array<Kept, 2> kept_;
};

}  // namespace

Handler make_metrics_handler(Registry& registry, ExpositionOptions options) {
  // Shared because a std::function is copied.
  return [exposition = std::make_shared<Exposition>(registry, options)](const WebRequest& request) {
    return exposition->respond(request);
  };
}

}  // namespace exporter::web
