// A SamplingWorld whose ServiceNow answers each table with what a test puts there.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicenow/table_reader.h"
#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {

// The answer to a list query of a table: rows as JSON objects, or a refusal.
struct TableAnswer {
  std::vector<std::string> rows = {};
  std::size_t hidden = 0;  // counted in X-Total-Count and not shown
  int status = 200;
  std::string message = {};  // of a refusal
};

class AccessWorld : public SamplingWorld {
 protected:
  AccessWorld() {
    transport_.handle([this](const net::HttpRequest& request) { return answer(request); });
  }

  // Tests may answer in the tables' place by the decoded query.
  std::function<std::optional<TableAnswer>(const std::string& table, const std::string& query)> before_;
  std::map<std::string, TableAnswer> tables_;

  static std::string table_of(const net::HttpRequest& request) {
    const std::size_t begin = request.url.find("/table/") + 7;
    return request.url.substr(begin, request.url.find('?') - begin);
  }

  double value(const metrics::Metric& metric, std::vector<std::string> labels) const {
    labels.insert(labels.begin(), "production");
    for (const metrics::Family& family : registry_.collect()) {
      for (const metrics::Series& series : family.series) {
        if (family.metric == &metric && series.label_values == labels) return series.value;
      }
    }
    return -1;
  }

  // How often the log holds a text.
  std::size_t said(std::string_view what) const {
    const std::string text = log_.text();
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

  fakes::FakeTransport transport_;
  net::ApiClient servicenow_{
      {.api = net::Api::servicenow, .base_url = "https://example.service-now.com", .max_attempts = 1},
      transport_,
      signer_,
      clock_,
      observer_};
  servicenow::TableReader table_reader_{servicenow_};

 private:
  net::HttpResponse answer(const net::HttpRequest& request) {
    const std::string url = tests::percent_decode(request.url);
    const std::size_t begin = url.find("sysparm_query=");
    const std::string query =
        begin == std::string::npos ? "" : url.substr(begin + 14, url.find('&', begin) - begin - 14);
    TableAnswer answer = tables_[table_of(request)];
    if (before_) answer = before_(table_of(request), query).value_or(answer);
    if (answer.status != 200) {
      return {.status = answer.status,
              .headers = {{"Content-Type", "application/json"}},
              .body = R"({"error":{"message":)" + tests::json_string(answer.message) +
                      R"(,"detail":null},"status":"failure"})"};
    }
    std::string body = R"({"result":[)";
    for (const std::string& row : answer.rows) body += (body.back() == '[' ? "" : ",") + row;
    return {.status = 200,
            .headers = {{"Content-Type", "application/json"},
                        {"X-Total-Count", std::to_string(answer.rows.size() + answer.hidden)}},
            .body = body + "]}"};
  }
};

}  // namespace exporter::sampling
