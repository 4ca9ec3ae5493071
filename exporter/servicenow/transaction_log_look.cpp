#include "servicenow/transaction_log_look.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "servicenow/records.h"
#include "servicenow/transaction_log.h"

namespace exporter::servicenow {
namespace {

constexpr std::chrono::hours kLookBack{24};
// A literal time may be read in the account's zone (servicenow.md 8.6): so much off is no dropped predicate.
constexpr std::chrono::hours kFarthestZone{15};
constexpr std::string_view kGrant =
    "give the reader admin together with snc_read_only, or a read ACL of its own on syslog_transaction";

}  // namespace

std::optional<TransactionLogMissing> account_name_missing(std::string_view user_name) {
  if (is_queryable_key(user_name)) {
    return std::nullopt;
  }
  return TransactionLogMissing{
      .why = "the user name of Okta's account is not configured",
      .remedy = "write servicenow.provisioner.basic_auth.username; its password is not needed"};
}

Result<std::optional<TransactionLogMissing>> look_for_transaction_log(TableReader& reader, SystemTime now,
                                                                      std::stop_token stop) {
  // Only columns that every release has stand in the query; http_response_code is only asked for, and an
  // unknown field is silently left out (servicenow.md 3.2). The reader's own requests are in the log too.
  auto page =
      reader.list({.table = std::string(kTransactionTable),
                   .query = "sys_created_on>=" + query_time(now - kLookBack) + "^ORDERBYDESCsys_created_on",
                   .fields = std::string(kTransactionFields),
                   .limit = 10,
                   .offset = 0},
                  std::move(stop));
  if (!page) {
    if (page.error().http_status == 403 || page.error().http_status == 404 ||
        page.error().http_status == 400) {
      return std::optional(TransactionLogMissing{
          .why = "the reader may not read or query syslog_transaction: " + page.error().message,
          .remedy = std::string(kGrant)});
    }
    return std::unexpected(std::move(page.error()));
  }
  const SystemTime oldest = now - kLookBack - kFarthestZone - std::chrono::hours(1);
  if (page->rows.empty()) {
    return std::optional(
        page->total.value_or(0) > 0
            ? TransactionLogMissing{.why = "the reader is shown no row of syslog_transaction",
                                    .remedy = std::string(kGrant)}
            : TransactionLogMissing{.why = "syslog_transaction holds no row of the last day to tell by",
                                    .remedy = "check that the instance logs transactions",
                                    .for_now = true});
  }
  for (const TextRow& row : page->rows) {
    const std::optional<Transaction> transaction = parse_transaction(row);
    if (transaction && transaction->created < oldest) {
      return std::optional(TransactionLogMissing{
          .why = "the instance ignores the condition on sys_created_on in queries of the reader",
          .remedy = "let the reader query syslog_transaction.sys_created_on (ACL operation query_range)"});
    }
  }
  for (const std::string_view column : {"sys_id", "sys_created_on", "sys_created_by", "url"}) {
    if (std::ranges::none_of(page->rows, [&](const auto& row) { return row.contains(column); })) {
      return std::optional(TransactionLogMissing{
          .why = "syslog_transaction." + std::string(column) + " is not shown to the reader",
          .remedy = std::string(kGrant)});
    }
  }
  if (std::ranges::none_of(page->rows, [](const auto& row) { return row.contains("http_response_code"); })) {
    return std::optional(TransactionLogMissing{
        .why = "syslog_transaction has no column http_response_code here, or the reader may not read it",
        .remedy = "the column comes with the Australia release; there, let the reader read it"});
  }
  return std::optional<TransactionLogMissing>();
}

}  // namespace exporter::servicenow
