#include "web/remedies.h"

#include <array>

#include "web/html.h"
#include "web/page_shell.h"

namespace exporter::web {
namespace {

struct KindText {
  std::string_view kind;
  std::string_view meaning;
  std::string_view remedy;  // a sentence
  bool unassigns = false;   // it does, or may
  std::string_view more;    // HTML
};

// Okta's names of settings in italics; order as drift is looked for.
constexpr std::array<KindText, 9> kTexts{{
    {"duplicate_link", "Two or more app users hold the same external ID.",
     "Find out whose row it is, switch Deactivate Users off, then unassign the others and assign them back.",
     true,
     "<p>The user whose match key is the row's own is linked and not listed; the others share his row. With "
     "<em>Deactivate Users</em> on, unassigning one of them would switch off somebody else's account.</p>"},
    {"wrong_user", "The external ID leads to another person's row.",
     "Decide first whose row it is, switch Deactivate Users off, then unassign and assign back.", true,
     "<p>Pushes for this user change another person's record. With <em>Deactivate Users</em> on, unassigning "
     "would "
     "switch that person's account off.</p>"},
    {"hidden_by_acl", "The row is there, and Okta's account may not see it.",
     "Change no assignment; give Okta's ServiceNow account the role or the ACL rule that it lacks.", false,
     "<p>The exporter's own reader sees the row and Okta's account does not, so Okta answers its pushes with "
     "the "
     "404 text that could also mean a missing record. Nothing is wrong with the link. Compare the two "
     "accounts' roles "
     "in ServiceNow and the ACL rules of the users' table, the domain and before-query business rules "
     "included.</p>"},
    {"sys_id_changed", "The row is gone; the same person is there under another sys_id.",
     "Unassign and assign back, so that Okta looks the current id up by the user name.", true,
     "<p>After an instance clone, a migration or a restore this concerns thousands of users: repair one, "
     "watch it "
     "resolve here after the next comparison, then go on in batches.</p>"},
    {"ambiguous_match", "The row is gone, and several rows carry this person's key.",
     "Merge the rows in ServiceNow first; then unassign and assign back.", true,
     "<p>Okta can't choose among several rows of one name, and links none or the wrong one.</p>"},
    {"record_missing", "The row is gone, and nobody carries this person's key.",
     "Undelete the row in ServiceNow if that is possible; else unassign and assign back, which creates an "
     "empty "
     "account and needs Create Users on.",
     true, "<p>Undeleting keeps the sys_id, roles, groups and tasks, and needs no change in Okta.</p>"},
    {"not_linked", "The user should be provisioned, and Okta holds no external ID.",
     "Use Provision User in the user's assignment.", false,
     "<p>Users who were assigned before provisioning was switched on stay without a link until somebody "
     "provisions "
     "them.</p>"},
    {"active_mismatch", "Active on one side and inactive on the other.",
     "Decide which side is right, then push the profile.", false,
     "<p>A deactivation that Okta skipped or that failed is never replayed by itself: a leaver whose account "
     "is still "
     "active in ServiceNow has to be deactivated by hand.</p>"},
    {"key_mismatch", "The row's key differs, as after a rename.",
     "Nothing has to be done; pushing the profile settles it.", false,
     "<p>The link still leads to the right row: the key is nobody else's.</p>"},
}};

constexpr std::string_view kBefore = R"html(<h2 id="before-unassigning">Before any unassignment</h2>
<ol>
<li>In the app's <em>Provisioning</em> tab, under <em>To App</em>, switch <em>Deactivate Users</em> off, and note the time.
Unassigning makes Okta send <code>active=false</code> to whatever row the link names, and ServiceNow rules that lock out
inactive users or strip their groups, roles and tasks are common.</li>
<li>Try it with one user first, and see here that it resolves.</li>
<li>Afterwards switch <em>Deactivate Users</em> on again, and deactivate by hand everybody who was unassigned meanwhile:
a deactivation that was skipped is never made up for.</li>
<li>Check <code>active</code> and <code>locked_out</code> of the rows. Assigning back restores <code>active</code>, not
<code>locked_out</code>.</li>
</ol>
<p>Where the assignment comes from a group (scope GROUP), never take the group off the app to mend one member: convert or
override the assignment of that user.</p>
<h2 id="passwords">Failures that say 401</h2>
<p>The credentials in the app's <em>Provisioning</em> tab are wrong, expired or locked. Test them there, and unlock the
account in ServiceNow before new ones are tried: it locks after a few failures.</p>
<h2 id="support">When nothing fits</h2>
<p>Open a case with ServiceNow. It needs the user's sys_id, the failure's text and time from the page of failures, and what
each of the two accounts sees: a list query by that sys_id, as either account.</p>
)html";

std::string runbook_page() {
  std::string html = page_header("Runbook", Page::runbook);
  html +=
      "<main id=\"main\" class=\"prose\">\n<p>What each kind of drift means, and what to do. The exporter "
      "only reads: "
      "all of this is done by you, in Okta and in ServiceNow.</p>\n<nav aria-label=\"Kinds\"><ul>\n";
  for (const KindText& text : kTexts) {
    html.append("<li><a href=\"#").append(text.kind).append("\">").append(text.kind).append("</a></li>\n");
  }
  html += "</ul></nav>\n";
  for (const KindText& text : kTexts) {
    html.append("<h2 id=\"").append(text.kind).append("\">").append(text.kind).append("</h2>\n<p>");
    html.append(text.meaning).append("</p>\n<p><strong>").append(text.remedy).append("</strong></p>\n");
    html.append(text.more).append("\n");
    if (text.unassigns) {
      html += "<p>Read <a href=\"#before-unassigning\">Before any unassignment</a> first.</p>\n";
    }
  }
  html.append(kBefore).append("</main>\n");
  return html_page("Runbook · okta-servicenow-exporter", "", html);
}

}  // namespace

std::string remedy(std::string_view kind, std::string_view scope) {
  for (const KindText& text : kTexts) {
    if (text.kind != kind) continue;
    std::string sentence(text.remedy);
    if (text.unassigns && scope == "GROUP") {
      sentence +=
          " The assignment comes from a group: override it for this user, and never take the group off the "
          "app.";
    }
    return sentence;
  }
  return "This version of the exporter does not know this kind; look into its changelog.";
}

Handler make_runbook_handler() {
  return [response = html_response(200, runbook_page())](const WebRequest&) { return response; };
}

}  // namespace exporter::web
