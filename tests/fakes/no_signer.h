// A RequestSigner that adds nothing: for tests to which credentials do not matter.
#pragma once

#include "net/api_client.h"

namespace exporter::fakes {

class NoSigner final : public net::RequestSigner {
 public:
  Result<void> sign(net::HttpRequest&, std::stop_token) override { return {}; }
};

}  // namespace exporter::fakes
