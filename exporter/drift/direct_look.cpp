#include "drift/direct_look.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace exporter::drift {

using servicenow::IdLookup;
using servicenow::KeyLookup;
using servicenow::Presence;
using servicenow::UserRow;

struct DirectLook::Subject {
  std::uint32_t link = 0;
  std::string external_id;
  Presence reader_says = Presence::undecided;
  std::optional<UserRow> row;  // as the reader saw it, else the provisioner
  bool asks_keys = false;      // elsewhere is still to be found out
  bool has_key = false;
  bool in_doubt = false;  // some key's answer was not whole
  Look look;
};

namespace {

// Rows from the beginning, the middle and the end of the listing: a query that finds none of them proves
// nothing.
std::vector<std::string> control_ids(const RowListing& rows) {
  std::vector<std::string> ids;
  for (const std::size_t row : {std::size_t{0}, rows.size() / 2, rows.size() - 1}) {
    if (rows.size() == 0) break;
    std::string id = rows.id_text(row);
    if (!id.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

bool is_there(Presence presence) { return presence == Presence::present || presence == Presence::hidden; }

}  // namespace

Result<std::vector<Look>> DirectLook::look(std::span<const std::uint32_t> links, std::stop_token stop) {
  std::vector<Subject> subjects(links.size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    Subject& subject = subjects[i];
    subject.link = links[i];
    subject.external_id = world_.links.external_id(links[i]);
    Facts& facts = subject.look.facts;
    facts.status = world_.links.status(links[i]);
    facts.changed_in_grace = world_.links.changed(links[i]) > world_.grace_begins;
    facts.holders = static_cast<std::uint32_t>(world_.by_id.holders(links[i]).size());
  }
  if (auto done = ask_for_rows(subjects, stop); !done) return std::unexpected(std::move(done.error()));
  if (auto done = ask_provisioner(subjects, stop); !done) return std::unexpected(std::move(done.error()));
  for (Subject& subject : subjects) judge_row(subject);
  find_owners(subjects);
  if (auto done = ask_for_keys(subjects, stop); !done) return std::unexpected(std::move(done.error()));
  std::vector<Look> looks;
  looks.reserve(subjects.size());
  for (Subject& subject : subjects) looks.push_back(std::move(subject.look));
  return looks;
}

Result<void> DirectLook::ask_for_rows(std::vector<Subject>& subjects, std::stop_token stop) {
  std::vector<std::string> ids;
  ids.reserve(subjects.size() + 3);
  for (const Subject& subject : subjects) ids.push_back(subject.external_id);
  const std::vector<std::string> controls = control_ids(world_.rows);
  ids.insert(ids.end(), controls.begin(), controls.end());
  auto answers = world_.reader.by_sys_id(ids, stop);
  if (!answers) return std::unexpected(std::move(answers.error()));
  controls_.clear();
  for (std::size_t i = subjects.size(); i < ids.size(); ++i) {
    if (std::optional<UserRow>& row = (*answers)[i].row) controls_.push_back(std::move(*row));
  }
  if (!controls.empty() && controls_.empty()) {
    return std::unexpected(Error{ErrorClass::incomplete,
                                 "a direct look does not find rows that were just listed: another instance "
                                 "answers now, or the reader's "
                                 "query by sys_id is ignored"});
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    Subject& subject = subjects[i];
    IdLookup& answer = (*answers)[i];
    subject.reader_says = answer.presence;
    subject.row = std::move(answer.row);
    subject.look.resolves = is_there(answer.presence);
    Facts& facts = subject.look.facts;
    switch (answer.presence) {
      case Presence::present:
        facts.presence = subject.row ? RowPresence::present : RowPresence::unknown;
        break;
      case Presence::absent:
        facts.presence = RowPresence::absent;
        break;
      case Presence::hidden:
        facts.presence = RowPresence::unknown;
        facts.cause = Cause::hidden_from_reader;
        break;
      case Presence::undecided:
        facts.presence = RowPresence::unknown;
        facts.cause = Cause::look_undecided;
        break;
    }
  }
  return {};
}

// Absent is believed, and hidden decided, only with what Okta's own account sees (DESIGN 8, Comparison).
Result<void> DirectLook::ask_provisioner(std::vector<Subject>& subjects, std::stop_token stop) {
  if (world_.provisioner == nullptr) return {};
  std::vector<Subject*> open;
  for (Subject& subject : subjects) {
    if (subject.reader_says == Presence::present) continue;
    if (servicenow::is_queryable_sys_id(subject.external_id)) open.push_back(&subject);
  }
  bool silent = false;
  // One request's worth at a time, so that what was answered before the cap is reached counts.
  for (std::size_t begin = 0; begin < open.size(); begin += servicenow::kIdsPerRequest) {
    const auto group =
        std::span(open).subspan(begin, std::min(servicenow::kIdsPerRequest, open.size() - begin));
    std::vector<IdLookup> answers(group.size());
    if (!silent) {
      std::vector<std::string> ids;
      for (const Subject* subject : group) ids.push_back(subject->external_id);
      auto result = servicenow::by_sys_id_confirmed(*world_.provisioner, ids, stop);
      if (result) {
        answers = std::move(*result);
      } else if (result.error().error_class == ErrorClass::cancelled) {
        return std::unexpected(std::move(result.error()));
      } else {
        silent = true;
      }
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      Subject& subject = *group[i];
      Facts& facts = subject.look.facts;
      if (is_there(answers[i].presence)) subject.look.resolves = true;
      subject.look.by_provisioner = is_there(answers[i].presence) || subject.reader_says == Presence::hidden;
      switch (answers[i].presence) {
        case Presence::present:
          facts.presence = answers[i].row ? RowPresence::present : RowPresence::unknown;
          subject.row = std::move(answers[i].row);
          break;
        case Presence::hidden:
          facts.presence = RowPresence::hidden;
          facts.provisioner_blind = true;
          break;
        case Presence::absent:
          // There for the reader's count and filtered out of this account's query: it is not shown it either.
          if (subject.reader_says == Presence::hidden) {
            facts.presence = RowPresence::hidden;
            facts.provisioner_blind = true;
          }
          break;
        case Presence::undecided:
          facts.presence = RowPresence::unknown;
          facts.cause = Cause::provisioner_silent;
          break;
      }
    }
  }
  return {};
}

void DirectLook::judge_row(Subject& subject) const {
  Facts& facts = subject.look.facts;
  if (facts.presence == RowPresence::present && subject.row) {
    const UserRow& row = *subject.row;
    facts.row_matches = keys_match(world_.links, subject.link, row);
    facts.row_keys_unreadable = row.unreadable_keys != 0;
    facts.row_in_grace = row.updated && *row.updated > world_.grace_begins;
    facts.active = row.active;
    subject.look.locked_out = row.locked_out;
    if (!facts.row_matches) subject.look.row_keys = row.keys;
    for (const std::uint32_t holder : world_.by_id.holders(subject.link)) {
      if (keys_match(world_.links, holder, row)) ++facts.matching_holders;
    }
  }
  if (facts.holders > 1) return;  // the keys decide nothing
  switch (facts.presence) {
    case RowPresence::present:
      subject.asks_keys = !facts.row_matches && !facts.row_keys_unreadable;
      break;
    case RowPresence::absent:
      subject.asks_keys = world_.reader_sees_inactive;
      break;
    case RowPresence::hidden:
      subject.asks_keys = true;
      break;
    case RowPresence::unknown:
      break;
  }
}

// Whether the listing has the row with the same keys, and their owners were searched for then.
bool DirectLook::is_listed_search(const Subject& subject) const {
  const std::uint32_t row = world_.by_id.row_of(subject.link);
  if (row == kNone || !world_.listed_owners.asked(subject.link)) return false;
  const std::vector<std::string>& keys = subject.row->keys;
  for (std::size_t field = 0; field < world_.links.key_count(); ++field) {
    const std::uint64_t hash = field < keys.size() ? hash_raw_key(keys[field]) : 0;
    if (hash != world_.rows.key_hash(row, field)) return false;
  }
  return true;
}

// Whether the key of a row that is not its link's belongs to another app user.
void DirectLook::find_owners(std::vector<Subject>& subjects) const {
  KeySearch search(world_.links.key_count());
  const auto judge = [](Subject& subject, const std::vector<KeySearch::Hit>& hits) {
    subject.look.facts.row_key_is_anothers =
        std::any_of(hits.begin(), hits.end(), [](const KeySearch::Hit& hit) { return hit.count > 0; });
    if (subject.look.facts.row_key_is_anothers) subject.asks_keys = false;
  };
  for (std::uint32_t i = 0; i < subjects.size(); ++i) {
    Subject& subject = subjects[i];
    if (!subject.asks_keys || !subject.row || subject.look.facts.presence != RowPresence::present) continue;
    if (is_listed_search(subject)) {
      judge(subject, world_.listed_owners.hits(subject.link));
      continue;
    }
    for (std::size_t field = 0; field < subject.row->keys.size(); ++field) {
      search.want(i, field, hash_raw_key(subject.row->keys[field]), subject.link);
    }
  }
  search.find(world_.links.size(), [this](std::uint32_t link, std::size_t field) {
    return hash_link_key(world_.links, link, field);
  });
  for (std::uint32_t i = 0; i < subjects.size(); ++i) {
    if (search.asked(i)) judge(subjects[i], search.hits(i));
  }
}

Result<void> DirectLook::ask_for_keys(std::vector<Subject>& subjects, std::stop_token stop) {
  for (std::size_t field = 0; field < world_.links.key_count(); ++field) {
    if (auto done = ask_for_key(field, subjects, stop); !done) return done;
  }
  for (Subject& subject : subjects) {
    if (!subject.asks_keys) continue;
    Facts& facts = subject.look.facts;
    if (!subject.has_key) {
      facts.elsewhere = Elsewhere::unknown;
      facts.elsewhere_cause = Cause::no_key;
    } else if (subject.in_doubt) {
      facts.elsewhere = Elsewhere::unknown;  // the cause was noted with the doubt
    } else {
      facts.elsewhere = Elsewhere::none;
    }
  }
  return {};
}

Result<void> DirectLook::ask_for_key(std::size_t field, std::vector<Subject>& subjects,
                                     std::stop_token stop) {
  // Of an absent row the first pair that finds any rows decides, so a doubt about an early pair ends the
  // search. Of a row that is there any pair will do.
  const auto doubt = [](Subject& subject, Cause cause) {
    subject.in_doubt = true;
    subject.look.facts.elsewhere_cause = cause;
    if (subject.look.facts.presence != RowPresence::absent) return;
    subject.look.facts.elsewhere = Elsewhere::unknown;
    subject.asks_keys = false;
  };
  std::vector<Subject*> asking;
  std::vector<std::string> values;
  for (Subject& subject : subjects) {
    if (!subject.asks_keys) continue;
    const std::string text = world_.links.key(subject.link, field);
    const std::string_view key = trim(text);
    if (key.empty()) continue;
    subject.has_key = true;
    if (!servicenow::is_queryable_key(key)) {
      doubt(subject, Cause::key_not_queryable);
      continue;
    }
    asking.push_back(&subject);
    values.emplace_back(key);
  }
  if (asking.empty()) return {};
  std::size_t controls = 0;
  for (const UserRow& control : controls_) {
    const std::string_view key = field < control.keys.size() ? trim(control.keys[field]) : std::string_view();
    if (!servicenow::is_queryable_key(key)) continue;
    values.emplace_back(key);
    ++controls;
  }
  auto answers = world_.reader.by_key(field, values, stop);
  if (!answers) {
    // The reader may not query this column: the keys stay unknown, the rest of the comparison stands.
    if (answers.error().error_class != ErrorClass::permission)
      return std::unexpected(std::move(answers.error()));
    for (Subject* subject : asking) doubt(*subject, Cause::key_not_queryable);
    return {};
  }
  const bool credible =
      controls == 0 || std::any_of(answers->end() - static_cast<std::ptrdiff_t>(controls), answers->end(),
                                   [](const KeyLookup& answer) { return !answer.rows.empty(); });
  for (std::size_t i = 0; i < asking.size(); ++i) {
    Subject& subject = *asking[i];
    Facts& facts = subject.look.facts;
    const KeyLookup& answer = (*answers)[i];
    std::vector<const UserRow*> others;
    for (const UserRow& row : answer.rows) {
      if (!subject.row || row.sys_id != subject.row->sys_id) others.push_back(&row);
    }
    if (!answer.rows.empty()) subject.look.resolves = true;
    if (facts.presence != RowPresence::absent) {
      if (!others.empty()) {
        facts.elsewhere = Elsewhere::one;
        subject.asks_keys = false;
        continue;
      }
    } else if (others.size() > 1) {
      facts.elsewhere = Elsewhere::several;
      subject.asks_keys = false;
      continue;
    } else if (others.size() == 1 && !answer.hidden_rows &&
               world_.listed.hits(subject.link)[field].count <= 1) {
      facts.elsewhere = Elsewhere::one;
      facts.candidate_in_grace = others[0]->updated && *others[0]->updated > world_.grace_begins;
      subject.look.candidate_sys_id = others[0]->sys_id;
      subject.asks_keys = false;
      continue;
    }
    if (answer.hidden_rows || !credible) {
      doubt(subject, Cause::key_maybe_hidden);
    } else if (world_.listed.hits(subject.link)[field].count > 0) {
      doubt(subject, Cause::look_disagrees);
    }
  }
  return {};
}

}  // namespace exporter::drift
