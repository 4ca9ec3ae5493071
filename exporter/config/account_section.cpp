#include "config/account_section.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/field_readers.h"

namespace exporter::config {

namespace {

void read_basic_auth(Object& object, BasicAuth& basic, Need password) {
  const Value username = object["username"];
  if (!username.present()) object.missing("username", "write the account's user name in ServiceNow");
  if (username.read(basic.username) && basic.username.find(':') != std::string::npos) {
    // Not shown: what follows the colon may be the password.
    username.error("must not hold a colon, which basic authentication can't carry");
  }
  read_secret(object, "password", basic.password, password);
}

void read_oauth2(Object& object, OAuth2& oauth2) {
  read_required(object, "client_id", oauth2.client_id, "write the client ID of the OAuth registry's entry");
  read_enum(
      object["grant_type"], oauth2.grant_type,
      {GrantType::client_credentials, GrantType::password, GrantType::refresh_token, GrantType::jwt_bearer});
  const bool password = oauth2.grant_type == GrantType::password;
  const bool jwt = oauth2.grant_type == GrantType::jwt_bearer;
  read_secret(object, "client_secret", oauth2.client_secret, jwt ? Need::optional : Need::required);
  object["scopes"].read(oauth2.scopes);
  const std::string grant(to_string(oauth2.grant_type));
  const auto read_text_for = [&](bool belongs, std::string_view key, std::string& out, Need need,
                                 std::string_view hint) {
    const Value value = object[key];
    value.read(out);
    if (!belongs && value.present()) value.error("has no meaning with grant_type " + grant + "; remove it");
    if (belongs && need == Need::required && !value.present()) object.missing(key, hint);
  };
  const auto read_secret_for = [&](bool belongs, const std::string& key, SecretRef& out) {
    read_secret(object, key, out, belongs ? Need::required : Need::optional);
    if (!belongs && out.set()) {
      object.error(key + " has no meaning with grant_type " + grant + "; remove it");
    }
  };
  read_text_for(password, "username", oauth2.username, Need::required, "grant_type password needs it");
  read_secret_for(password, "password", oauth2.password);
  read_secret_for(oauth2.grant_type == GrantType::refresh_token, "refresh_token", oauth2.refresh_token);
  read_secret_for(jwt, "private_key", oauth2.private_key);
  read_text_for(jwt, "key_id", oauth2.key_id, Need::optional, {});
  read_text_for(jwt, "subject", oauth2.subject, Need::required,
                "write the value of the user field that the JWT provider of ServiceNow is set up with");
}

}  // namespace

std::optional<Account> read_account(const Value& value, Need password) {
  std::optional<Account> account;
  read_object(value, [&](Object& object) {
    std::vector<std::string> kinds;
    const Value basic = object["basic_auth"];
    const Value oauth2 = object["oauth2"];
    const Value certificate = object["client_certificate"];
    SecretRef api_key;
    const bool has_api_key = object.has("api_key") || object.has("api_key_file") || object.has("api_key_env");
    read_secret(object, "api_key", api_key, Need::optional);
    if (basic.present() || object.describing()) {
      kinds.emplace_back("basic_auth");
      read_object(basic, [&](Object& fields) {
        read_basic_auth(fields, account.emplace().emplace<BasicAuth>(), password);
      });
    }
    if (oauth2.present() || object.describing()) {
      kinds.emplace_back("oauth2");
      read_object(oauth2, [&](Object& fields) { read_oauth2(fields, account.emplace().emplace<OAuth2>()); });
    }
    if (certificate.present() || object.describing()) {
      kinds.emplace_back("client_certificate");
      read_object(certificate, [&](Object& fields) {
        auto& files = account.emplace().emplace<ClientCertificate>();
        read_secret(fields, "cert", files.certificate, Need::required, From::value_file);
        read_secret(fields, "key", files.key, Need::required);
      });
    }
    if (has_api_key) {
      kinds.emplace_back("api_key");
      account = ApiKey{.key = std::move(api_key)};
    }
    if (kinds.size() > 1) {
      object.error("has " + kinds[0] + " and " + kinds[1] + ": give exactly one way to sign in");
    } else if (kinds.empty()) {
      object.missing(
          "basic_auth",
          "give one of basic_auth, oauth2, api_key (api_key_file, api_key_env) or client_certificate");
    }
  });
  return account;
}

}  // namespace exporter::config
