// How the exporter's own requests are told from Okta's in the transaction log, where it asks as Okta's
// account: a probe of ours moves no counter.
#pragma once

#include <string_view>

namespace exporter::servicenow {

// The first parameters of every list query of ours, in this order: first, because a log may cut the URL.
inline constexpr std::string_view kOwnParameters =
    "?sysparm_suppress_pagination_header=true&sysparm_exclude_reference_link=true&sysparm_display_value="
    "false";
// The first parameters of every count of ours.
inline constexpr std::string_view kOwnCountParameters = "?sysparm_count=true&sysparm_display_value=false";
// How every request of ours begins its User-Agent.
inline constexpr std::string_view kOwnUserAgent = "okta-servicenow-exporter/";

}  // namespace exporter::servicenow
