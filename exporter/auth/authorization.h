// What the signers that write an Authorization header share.
#pragma once

#include <string>
#include <string_view>

#include "auth/credential_gate.h"
#include "base/error.h"
#include "net/http.h"

namespace exporter::auth {

// Adds the header when the gate admits it. The whole value is the credential of the gate, so that a change of
// the user name counts as a new secret too.
Result<void> authorize(net::HttpRequest& request, std::string value, CredentialGate& gate);

// Tell the gate how the API answered a request that authorize() has seen.
void report_unauthorized(const net::HttpRequest& request, CredentialGate& gate);
void report_authorized(const net::HttpRequest& request, CredentialGate& gate);

// Standard alphabet, with padding.
std::string base64(std::string_view bytes);

}  // namespace exporter::auth
