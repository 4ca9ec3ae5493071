// A vendor's API as the exporter asks it: the real transport and client, with credentials that must not leak
// and pauses that take no time.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/recording_observer.h"
#include "net/api_client.h"
#include "net/curl_transport.h"

namespace exporter::faults {

inline constexpr std::string_view kSecret = "PLANTED-token";

class PlantingSigner final : public net::RequestSigner {
 public:
  Result<void> sign(net::HttpRequest& request, std::stop_token) override {
    request.headers.add("Authorization", "SSWS " + std::string(kSecret));
    return {};
  }
};

struct VendorOptions {
  net::Api api = net::Api::okta;
  net::CurlTransportOptions transport = {};
  std::chrono::milliseconds timeout{20'000};  // of one request, in real time
  int max_attempts = 2;
};

// Make it after the server that it asks.
class Vendor {
 public:
  explicit Vendor(const std::string& origin, VendorOptions options = {})
      : transport_(global_, std::move(options.transport)),
        client_({.api = options.api,
                 .base_url = origin,
                 .timeout = options.timeout,
                 .max_attempts = options.max_attempts,
                 .random = [] { return 0.5; }},
                transport_, signer_, clock_, observer_) {}

  net::ApiClient& client() { return client_; }
  fakes::FakeClock& clock() { return clock_; }
  const fakes::RecordingObserver& observer() const { return observer_; }
  Result<net::HttpResponse> get(std::string_view target = "/api/v1/logs?q=private",
                                std::stop_token stop = {}) {
    return client_.get(
        client_.options().api == net::Api::okta ? net::Endpoint::logs : net::Endpoint::table_list, target,
        std::move(stop));
  }
  // How each request ended: its status, or the class of its error.
  std::vector<std::string> codes() const { return observer_.codes(); }

 private:
  const net::CurlGlobal global_;
  net::CurlTransport transport_;
  PlantingSigner signer_;
  fakes::FakeClock clock_;
  fakes::RecordingObserver observer_;
  net::ApiClient client_;
};

// An error says what happened to what, ends with what to do, and holds nothing that is private.
inline void expect_useful(const Error& error, std::string_view to_what) {
  using testing::AnyOf;
  using testing::HasSubstr;
  using testing::Not;
  EXPECT_THAT(error.message, HasSubstr(std::string(to_what)));
  EXPECT_THAT(error.message,
              AnyOf(HasSubstr("check "), HasSubstr("Check "), HasSubstr("give "), HasSubstr("raise "),
                    HasSubstr("lower "), HasSubstr("grant "), HasSubstr("ook for a proxy"),
                    HasSubstr("asked again"), HasSubstr("read again"), HasSubstr("ask less often"),
                    HasSubstr("smaller pages"), HasSubstr("is the usual cause"), HasSubstr("status page")));
  EXPECT_THAT(error.message, Not(HasSubstr(std::string(kSecret))));
  EXPECT_THAT(error.message, Not(HasSubstr("private")));
}

template <class T>
void expect_error(const Result<T>& result, ErrorClass error_class, std::string_view to_what) {
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().error_class), to_string(error_class)) << result.error().message;
  expect_useful(result.error(), to_what);
}

}  // namespace exporter::faults
