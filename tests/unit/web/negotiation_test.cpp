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

}  // namespace
}  // namespace exporter::web
