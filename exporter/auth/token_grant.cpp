#include "auth/token_grant.h"

#include <utility>

#include "auth/jose.h"

namespace exporter::auth {

namespace {

// Of an assertion. Okta allows an hour; shorter leaves less to steal.
constexpr std::chrono::minutes kAssertionLife{5};

std::int64_t epoch_seconds(SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Dated by the server's clock, with a new jti: the server takes none twice.
std::string assertion(const SigningKey& key, const std::string& key_id, const std::string& issuer,
                      const std::string& subject, const std::string& audience, const TokenSession& session) {
  const SystemTime now = session.server_now();
  return sign_jwt(key, {.key_id = key_id.empty() ? key.key_id() : key_id},
                  {{"iss", issuer},
                   {"sub", subject},
                   {"aud", audience},
                   {"iat", epoch_seconds(now)},
                   {"exp", epoch_seconds(now + kAssertionLife)},
                   {"jti", random_id()}});
}

Error refusal_error(const TokenEndpoint& endpoint, const TokenRefusal& refusal, std::string_view advice) {
  return {.error_class = ErrorClass::authentication,
          .message = endpoint.name() + " answered " + std::to_string(refusal.status) +
                     (refusal.code.empty() ? "" : " " + refusal.code) + "; " + std::string(advice),
          .http_status = refusal.refuses_credentials() ? refusal.status : 0};
}

class OktaGrant final : public TokenGrant {
 public:
  OktaGrant(config::OktaOAuth2 config, config::SecretSource& secrets, std::unique_ptr<TokenEndpoint> endpoint,
            TokenSession& session)
      : config_(std::move(config)), secrets_(secrets), endpoint_(std::move(endpoint)), session_(session) {
    if (config_.dpop == config::Dpop::always) {
      session_.use_dpop();
    }
  }

  Result<std::string> credential() override {
    const Result<std::string> key = secrets_.read(config_.private_key);
    if (!key) {
      return std::unexpected(key.error());
    }
    return config_.client_id + "\n" + joined(config_.scopes) + "\n" + *key;
  }

  Result<Token> fetch(const std::string&, std::stop_token stop) override {
    const Result<std::string> text = secrets_.read(config_.private_key);
    if (!text) {
      return std::unexpected(text.error());
    }
    const Result<SigningKey> key = SigningKey::parse(*text);
    if (!key) {
      return std::unexpected(key.error());
    }
    // At most: without a proof, with one, with a nonce, and once more by the server's clock.
    constexpr int kTries = 4;
    bool mended_clock = false;
    for (int tried = 1;; ++tried) {
      const bool with_proof = config_.dpop != config::Dpop::never && session_.dpop();
      const bool had_nonce = session_.has_nonce();
      Result<TokenEndpoint::Answer> answer =
          endpoint_->ask(form(*key), with_proof ? session_.proof("POST", endpoint_->url(), "") : "", stop);
      if (!answer) {
        return std::unexpected(std::move(answer.error()));
      }
      const bool clock_was_wrong = session_.learn(answer->headers);
      if (auto* token = std::get_if<Token>(&answer->outcome)) {
        return check(std::move(*token), with_proof);
      }
      const auto& refusal = std::get<TokenRefusal>(answer->outcome);
      if (tried < kTries) {
        if (refusal.code == "use_dpop_nonce" && with_proof && session_.has_nonce()) {
          continue;  // also a nonce that has been renewed
        }
        if (refusal.code == "invalid_dpop_proof" && !with_proof && config_.dpop == config::Dpop::automatic) {
          session_.use_dpop();
          continue;
        }
        if (clock_was_wrong && !std::exchange(mended_clock, true)) {
          continue;
        }
      }
      return std::unexpected(refusal_error(*endpoint_, refusal, advice(refusal, with_proof, had_nonce)));
    }
  }

 private:
  TokenForm form(const SigningKey& key) const {
    return {{"grant_type", "client_credentials"},
            {"scope", joined(config_.scopes)},
            {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
            {"client_assertion", assertion(key, config_.key_id, config_.client_id, config_.client_id,
                                           endpoint_->url(), session_)}};
  }

  Result<Token> check(Token token, bool with_proof) const {
    if (token.dpop && !with_proof) {
      return std::unexpected(
          Error{.error_class = ErrorClass::malformed,
                .message = endpoint_->name() + " gave a DPoP token that no proof was sent for; report it"});
    }
    if (!token.dpop && config_.dpop == config::Dpop::always) {
      return std::unexpected(
          Error{.error_class = ErrorClass::authentication,
                .message = endpoint_->name() +
                           " gave a bearer token though dpop is always; switch DPoP on in the app's "
                           "settings, or write dpop: auto"});
    }
    return token;
  }

  static std::string_view advice(const TokenRefusal& refusal, bool with_proof, bool had_nonce) {
    if (refusal.code == "invalid_scope") {
      return "grant okta.logs.read and okta.apps.read to the service app, or correct okta.oauth2.scopes";
    }
    if (refusal.code == "invalid_dpop_proof" && !with_proof) {
      return "the app demands proof of possession; write dpop: auto";
    }
    if (refusal.code == "use_dpop_nonce") {
      return had_nonce ? "the server refuses its own nonce; look for a proxy that drops DPoP-Nonce headers"
                       : "the answer has no DPoP-Nonce; look for a proxy that drops it";
    }
    return "check okta.oauth2.client_id, that the key's public half is registered with its kid (key_id), and "
           "that the app is active";
  }

  const config::OktaOAuth2 config_;
  config::SecretSource& secrets_;
  const std::unique_ptr<TokenEndpoint> endpoint_;
  TokenSession& session_;
};

class ServiceNowGrant final : public TokenGrant {
 public:
  ServiceNowGrant(config::OAuth2 config, config::SecretSource& secrets,
                  std::unique_ptr<TokenEndpoint> endpoint, TokenSession& session)
      : config_(std::move(config)), secrets_(secrets), endpoint_(std::move(endpoint)), session_(session) {}

  Result<std::string> credential() override {
    std::string text = config_.client_id + "\n" + config_.username + "\n" + config_.subject;
    for (const config::SecretRef* ref :
         {&config_.client_secret, &config_.password, &config_.private_key, &config_.refresh_token}) {
      if (!ref->set()) {
        continue;
      }
      const Result<std::string> secret = secrets_.read(*ref);
      if (!secret) {
        return std::unexpected(secret.error());
      }
      text += "\n" + *secret;
    }
    return text;
  }

  Result<Token> fetch(const std::string& refresh_token, std::stop_token stop) override {
    bool mended_clock = false;
    std::string refresh = refresh_token;
    while (true) {
      const Result<TokenForm> filled = form(refresh);
      if (!filled) {
        return std::unexpected(filled.error());
      }
      Result<TokenEndpoint::Answer> answer = endpoint_->ask(*filled, "", stop);
      if (!answer) {
        return std::unexpected(std::move(answer.error()));
      }
      const bool clock_was_wrong = session_.learn(answer->headers);
      if (auto* token = std::get_if<Token>(&answer->outcome)) {
        token->dpop = false;
        return std::move(*token);
      }
      if (!std::exchange(refresh, "").empty()) {
        continue;  // a refresh token ends too; the account's own secret gets another
      }
      if (config_.grant_type == config::GrantType::jwt_bearer && clock_was_wrong &&
          !std::exchange(mended_clock, true)) {
        continue;
      }
      return std::unexpected(
          refusal_error(*endpoint_, std::get<TokenRefusal>(answer->outcome),
                        "check client_id and client_secret, that the grant is switched on in ServiceNow, and "
                        "that the OAuth entity's user is active and not locked out"));
    }
  }

 private:
  Result<TokenForm> form(const std::string& refresh_token) const {
    TokenForm form{{"grant_type", ""}, {"client_id", config_.client_id}};
    const auto add = [&](const char* name, const config::SecretRef& ref) -> Result<void> {
      Result<std::string> secret = secrets_.read(ref);
      if (!secret) {
        return std::unexpected(std::move(secret.error()));
      }
      form.emplace_back(name, std::move(*secret));
      return {};
    };
    Result<void> added;
    if (config_.client_secret.set()) {
      added = add("client_secret", config_.client_secret);
    }
    std::string& grant = form.front().second;
    if (!refresh_token.empty()) {
      grant = "refresh_token";
      form.emplace_back("refresh_token", refresh_token);
    } else if (added) {
      switch (config_.grant_type) {
        case config::GrantType::client_credentials:
          grant = "client_credentials";
          break;
        case config::GrantType::password:
          grant = "password";
          form.emplace_back("username", config_.username);
          added = add("password", config_.password);
          break;
        case config::GrantType::refresh_token:
          grant = "refresh_token";
          added = add("refresh_token", config_.refresh_token);
          break;
        case config::GrantType::jwt_bearer: {
          grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
          const Result<std::string> text = secrets_.read(config_.private_key);
          const Result<SigningKey> key =
              text ? SigningKey::parse(*text) : Result<SigningKey>(std::unexpected(text.error()));
          if (!key) {
            return std::unexpected(key.error());
          }
          form.emplace_back("assertion", assertion(*key, config_.key_id, config_.client_id, config_.subject,
                                                   config_.client_id, session_));
          break;
        }
      }
    }
    if (!added) {
      return std::unexpected(std::move(added.error()));
    }
    if (!config_.scopes.empty()) {
      form.emplace_back("scope", joined(config_.scopes));
    }
    return form;
  }

  const config::OAuth2 config_;
  config::SecretSource& secrets_;
  const std::unique_ptr<TokenEndpoint> endpoint_;
  TokenSession& session_;
};

}  // namespace

std::unique_ptr<TokenGrant> make_okta_grant(config::OktaOAuth2 config, config::SecretSource& secrets,
                                            std::unique_ptr<TokenEndpoint> endpoint, TokenSession& session) {
  return std::make_unique<OktaGrant>(std::move(config), secrets, std::move(endpoint), session);
}

std::unique_ptr<TokenGrant> make_servicenow_grant(config::OAuth2 config, config::SecretSource& secrets,
                                                  std::unique_ptr<TokenEndpoint> endpoint,
                                                  TokenSession& session) {
  return std::make_unique<ServiceNowGrant>(std::move(config), secrets, std::move(endpoint), session);
}

}  // namespace exporter::auth
