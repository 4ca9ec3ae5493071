// What an account may do with the users' table of ServiceNow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/check_report.h"
#include "config/config.h"
#include "servicenow/records.h"
#include "servicenow/table_client.h"

namespace exporter::app {

// How to let an account ("reader", "provisioner") read the table.
std::string read_advice(std::string_view account, const config::UsersConfig& users);

// The lines servicenow_<account>_list (of `page`, which holds the first row that it was shown), _range and
// _inactive. Returns whether it is shown inactive records.
bool check_table_rights(const std::string& account, const config::UsersConfig& users,
                        const servicenow::UserPage& page, servicenow::TableClient& client,
                        std::vector<CheckLine>& lines);

}  // namespace exporter::app
