#include "web/negotiation.h"

#include <gtest/gtest.h>

namespace exporter::web {
namespace {

TEST(GzipNegotiation, AcceptsWhatNamesGzip) {
  for (const char* value : {"gzip", "GZIP", "x-gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1",
                            "*", "gzip;q=0.001", "gzip; q=1.000", "gzip;Q=0.5", "deflate;q=0,gzip", " gzip ",
                            ",,gzip", "identity;q=0.5, gzip;q=0.5", "*;q=0.3", "gzip;x=y;q=0.2"}) {
    EXPECT_TRUE(accepts_gzip(value)) << value;
  }
}

TEST(GzipNegotiation, DeclinesWhatForbidsOrDoesNotNameIt) {
  for (const char* value : {"", "identity", "br", "deflate, br", "gzip;q=0", "gzip;q=0.000", "*, gzip;q=0",
                            "*;q=0", "gzipped", "identity, gzip;q=0.5", "gzip;q=x", "gzip;q=", "gzip;q=1.5",
                            "gzip;q=-1", "gzip;q=0.0001", "gzip;q=2", "gzip;q=1.001"}) {
    EXPECT_FALSE(accepts_gzip(value)) << value;
  }
}

TEST(FormatNegotiation, TakesWhatPrometheusWantsMost) {
  // The fields of Prometheus 3, 2.48 and 2.0.
  for (const char* value :
       {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,text/"
        "plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text", "APPLICATION/OpenMetrics-Text; version=\"1.0.0\"",
        "text/plain;q=0.5, application/openmetrics-text", "text/html, application/openmetrics-text;q=0.1"}) {
    EXPECT_EQ(exposition_format(value), ExpositionFormat::openmetrics) << value;
  }
  EXPECT_EQ(exposition_format(
                "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            ExpositionFormat::openmetrics_draft);
}

TEST(FormatNegotiation, IsTextForEverybodyElse) {
  for (const char* value :
       {"", "*/*", "text/plain", "text/plain;version=0.0.4;q=0.3",
        "text/html,application/xhtml+xml,*/*;q=0.8", "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0.2,text/plain;q=0.3", "text/plain, application/openmetrics-text",
        "application/openmetrics-text;version=2.0.0",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        "application/json", ";;;,,,=", "application/openmetrics-text;q=banana", "text/*;q=0.9"}) {
    EXPECT_EQ(exposition_format(value), ExpositionFormat::text) << value;
  }
}

}  // namespace
}  // namespace exporter::web
