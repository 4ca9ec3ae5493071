// <storage.path>/pauses.json: which accounts are left alone after a 401. A file of its own, because check and
// once read it beside a running exporter, which holds the state.
#pragma once

#include <string>
#include <vector>

#include "auth/account_book.h"
#include "base/error.h"

namespace exporter::storage {

// None where there is no file, or where it is broken (class storage): pauses are then found out anew.
Result<std::vector<auth::StoredPause>> read_pauses(const std::string& directory);

// Replaced atomically, mode 0600: a fingerprint of a weak password can be guessed from.
Result<void> write_pauses(const std::string& directory, const std::vector<auth::StoredPause>& pauses);

}  // namespace exporter::storage
