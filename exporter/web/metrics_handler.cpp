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
  Exposition(Registry& registry, const Clock& clock, ExpositionOptions options)
      : registry_(registry), clock_(clock), options_(options), gzip_(kGzipLevel) {}

  WebResponse respond(const WebRequest& request) {
    const ExpositionFormat format = exposition_format(request.accept);
    Kept& kept = kept_[format == ExpositionFormat::text ? 0 : 1];
    kept.openmetrics = format != ExpositionFormat::text;
    const std::uint64_t revision = registry_.revision();
    if (kept.revision != revision) {
      kept.revision = revision;
      kept.lasting = {};
      kept.fleeting = {};
    }
    const SteadyTime now = clock_.steady_now();
    if (!kept.made || now - *kept.made >= kFleetingLife) {
      kept.made = now;
      kept.fleeting = {};
    }
    WebResponse response{.content_type = std::string(content_type(format)), .headers = {{"Vary", "Accept"}}};
    if (request.accepts_gzip) {
      zip(kept);
      response.gzip_body = kept.lasting.zipped;
      response.gzip_tail = kept.fleeting.zipped;
    } else {
      if (!kept.lasting.plain) kept.lasting.plain = share(lasting(kept));
      if (!kept.fleeting.plain) kept.fleeting.plain = share(fleeting(kept));
      response.body = kept.lasting.plain;
      response.tail = kept.fleeting.plain;
    }
    return response;
  }

 private:
  // In the forms that somebody asked for.
  struct Texts {
    SharedText plain = nullptr;
    SharedText zipped = nullptr;
  };
  // Of one format.
  struct Kept {
    bool openmetrics = false;
    std::optional<std::uint64_t> revision = std::nullopt;
    Texts lasting = {};
    Gzip::Part part = {};  // of lasting.zipped, which has its bytes
    std::optional<SteadyTime> made = std::nullopt;
    Texts fleeting = {};
  };

  std::string lasting(const Kept& kept) const { return render(Registry::Part::lasting, kept.openmetrics); }
  std::string fleeting(const Kept& kept) const {
    std::string text = render(Registry::Part::fleeting, kept.openmetrics);
    if (kept.openmetrics) text += metrics::kOpenMetricsEnd;
    return text;
  }

  void zip(Kept& kept) {
    if (!kept.lasting.zipped) {
      kept.part = gzip_.begin(kept.lasting.plain ? *kept.lasting.plain : lasting(kept));
      kept.lasting.zipped = share(std::move(kept.part.bytes));
    }
    if (!kept.fleeting.zipped) {
      kept.fleeting.zipped =
          share(gzip_.finish(kept.part, kept.fleeting.plain ? *kept.fleeting.plain : fleeting(kept)));
    }
  }

  std::string render(Registry::Part part, bool openmetrics) const {
    const std::vector<metrics::Family> families = registry_.collect(part);
    return openmetrics ? metrics::render_openmetrics(families, options_.created)
                       : metrics::render_text(families);
  }

  Registry& registry_;
  const Clock& clock_;
  const ExpositionOptions options_;
  Gzip gzip_;
  std::array<Kept, 2> kept_;
};

}  // namespace

Handler make_metrics_handler(Registry& registry, const Clock& clock, ExpositionOptions options) {
  // Shared because a std::function is copied.
  return [exposition = std::make_shared<Exposition>(registry, clock, options)](const WebRequest& request) {
    return exposition->respond(request);
  };
}

}  // namespace exporter::web
