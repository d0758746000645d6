### The pages on which administrators follow a migration.

# Heading.
migration = Migration
# Name of the navigation, for screen readers.
migration-pages = Pages of the migration
# Navigation: the first page.
migration-overview = Overview
# Navigation and section: rows of the old system that nobody has decided about.
migration-rows = Rows that wait
# Navigation: the search in the log of all changes.
migration-ledger = Ledger
# Navigation and section: take accounts back to how they were before the import.
migration-rollback = Roll back
# Stands before an instant: when the figures were counted.
migration-measured = Measured
# The migration has not begun.
migration-phase-before = Nothing is imported yet.
# The migration is under way.
migration-phase-under = People sign in both ways.
# Everybody has signed in by OAuth.
migration-phase-complete = Everybody has signed in by OAuth; the checklist says what is left.
# The migration is over.
migration-phase-finalized = The old doors are closed for good.
# Heading instead of the figures, before anything was imported.
migration-empty = No migration yet
# Below that heading.
migration-empty-text = When you import accounts of another system, this page shows how far they have come. Begin by looking at the source; nothing is written before you say so.
# Above the share of accounts, such as 62 %.
migration-completed = Signed in by OAuth
# Stands after a number.
migration-accounts = accounts
# Part of all accounts.
migration-part-password = Password only
# Part of all accounts: OAuth is possible, and was not used yet.
migration-part-dual = Both, OAuth unused
# Part of all accounts: a password is still possible, and OAuth was used.
migration-part-completed = Both, OAuth used
# Part of all accounts.
migration-part-oauth = OAuth only
# Section: the run that goes on now.
migration-run-under-way = Under way
# Section: the last run.
migration-run-last = Last run
# Number of rows of the source.
migration-run-rows = Rows
# Number of rows a second.
migration-run-rate = Rows a second
# Time until the end.
migration-run-left = Time left
# Number of rows that somebody has to decide about.
migration-run-decisions = To be decided
# Stands before an instant.
migration-run-began = began
# Stands before an instant: when the last rows were written.
migration-run-batch = last batch
# Link to what a run wrote.
migration-run-lines = its lines
# Above the message that stopped a run.
migration-run-error = Last error
# A kind of run.
run-import = Import
# A kind of run.
run-rollback = Rollback
# A kind of run.
run-finalize = Finalize
# A kind of run: repairs by hand.
run-decide = Decisions
# State of a run.
run-running = running
# State of a run.
run-finished = finished
# State of a run.
run-stopped = stopped
# State of a run whose process has died.
run-abandoned = abandoned
# Section and title of a chart.
migration-over-time = Accounts by way to sign in, 90 days
# Opens the table behind a chart.
migration-numbers = Show the numbers
# Head of a column with dates.
migration-day = Day (UTC)
# Stands before the sum of all days, in the description of a chart.
migration-sum = In all
# Stands before the day with the highest number.
migration-most = Most
# Section.
migration-tenants = Tenants
# Head of a column.
migration-tenant = Tenant
# Instead of the list.
migration-no-tenants = There are no tenants and no accounts yet.
# Head of a column.
migration-completed-short = Signed in by OAuth
# Head of a column.
migration-accounts-short = Accounts
# Head of a column.
migration-password-short = Password only
# Head of a column: accounts that used a password at an old door.
migration-recent = Old door, 30 days
# Head of a column: days since a password was used at an old door.
migration-days-since = Days since
# Head of a column: rows that wait for a decision.
migration-waiting-short = Waiting
# Row of accounts without a tenant.
migration-without-tenant = No tenant
# Instead of a share where there are no accounts.
migration-nobody = n/a
# Instead of a number of days.
migration-never = never
# Link to the rest of a list.
migration-more = Show more
# Section and title of a chart.
migration-daily = First sign-ins by OAuth, 30 days
# Section and title of a chart.
migration-logins = Sign-ins by way, 30 days
# Below that heading, for an administrator of one tenant.
migration-logins-tenant = Those of your tenant's own applications and of the JSON login.
# Instead of a chart.
migration-no-logins = Nobody has signed in during these days.
# A way to sign in: authorization code.
migration-way-code = Browser
# A way to sign in: the form of an application of one's own.
migration-way-first-party = First-party form
# A way to sign in: JSON.
migration-way-json = JSON login
# A way to sign in: OAuth's password grant.
migration-way-password = Password grant
# Section.
migration-hashes = Password hashes
# Stands after a number.
migration-hashes-left = left to upgrade
# Instead of the list.
migration-no-hashes = No account has a password.
# Head of a column.
migration-scheme = Scheme
# Mark on the scheme of new hashes.
migration-scheme-current = current
# Stands between whole per cents and their tenths.
migration-decimal-mark = .
# A scheme of hashes: nobody knows it.
scheme-unknown = unknown
# A scheme of hashes: a strong hash around a weak one.
scheme-wrapped = wrapped
# Section and title of a chart.
migration-upgrades = Hashes upgraded, 30 days
# Instead of a chart.
migration-no-upgrades = No hash was upgraded during these days. It happens when somebody signs in.
# Instead of a list.
migration-no-rows = No row waits for a decision.
# Head of a column.
migration-reason = Reason
# Section.
migration-invitations = Invitations
# Head of a column.
migration-step = Step
# Step: the mail was sent.
migration-invited = Sent
# Step: the link was opened.
migration-opened = Opened
# Step: signed in by OAuth.
migration-came = Signed in by OAuth
# Section: what must hold before the migration may be ended.
migration-gate = Before you finalize
# Name of a check mark.
migration-met = met
# Name of an exclamation mark.
migration-open = not met
# Condition.
gate-completed = Every active account has signed in by OAuth, or is waived
# Condition.
gate-quiet = No old door was used for 30 days, while uses were counted
# Condition.
gate-tenants-confirmed = Every tenant in operation is confirmed
# Condition.
gate-nothing-old-alive = No token, API key or session of the old system is alive
# Condition.
gate-nothing-waits = No row waits in quarantine or conflict
# Condition.
gate-hashes = No hash of another program is still needed
# Condition.
gate-backup = A backup was verified in the last 24 hours
# Condition.
gate-verified = The last check of each source was clean and is younger than its last import
# Condition.
gate-inactive-decided = It is decided what becomes of inactive and deleted accounts
# What was measured: nothing is alive when all three are 0.
gate-found-alive = { $tokens ->
    [one] { $tokens } refresh token
   *[other] { $tokens } refresh tokens
}, { $keys ->
    [one] { $keys } API key
   *[other] { $keys } API keys
}, { $sessions ->
    [one] { $sessions } session
   *[other] { $sessions } sessions
}
# What was measured; $at is a moment.
gate-found-backup = the last was verified { $at }
# What was measured.
gate-found-backup-none = none was verified
# What was measured: accounts that have not signed in by OAuth, of all active ones.
gate-found-completed = { $open ->
    [one] { $open } of { $active } has not
   *[other] { $open } of { $active } have not
}, { $waived ->
    [one] { $waived } is waived
   *[other] { $waived } are waived
}
# What was measured: every tenant is confirmed.
gate-found-confirmed = none is open
# What was measured: why the check of a source does not count; $at is a moment.
gate-found-differences = { $source }: it found differences { $at }
# What was measured: hashes of other programs.
gate-found-hashes = { $left ->
    [one] { $left } is left
   *[other] { $left } are left
}
# What was measured: accounts that are switched off or deleted; $at is a moment.
gate-found-inactive = { $accounts ->
    [one] { $accounts } account
   *[other] { $accounts } accounts
}, decided { $at }
# What was measured: accounts that are switched off or deleted.
gate-found-inactive-none = there are none
# What was measured: accounts that are switched off or deleted.
gate-found-inactive-open = { $accounts ->
    [one] { $accounts } account, and nothing is decided
   *[other] { $accounts } accounts, and nothing is decided
}
# What was measured: no old door was used; $since is a moment.
gate-found-kept = no use in 30 days, counted since { $since }
# What was measured: why the check of a source does not count.
gate-found-never = { $source }: it never ran
# What was measured: why the check of a source does not count; $at and $import are moments.
gate-found-outdated = { $source }: it ran { $at }, and an import wrote { $import }
# What was measured: tenants that are not confirmed, by name.
gate-found-unconfirmed = { $number ->
    [one] { $number } is not: { $names }
   *[other] { $number } are not: { $names }
}
# What was measured: nobody counts who uses an old door.
gate-found-uncounted = uses are not counted
# What was measured: an old door was used; $last and $over are moments.
gate-found-used = last used { $last }, by accounts of no tenant; the 30 days are over { $over }
# What was measured: an old door was used; $last and $over are moments.
gate-found-used-both = last used { $last }, in { $tenants ->
    [one] { $tenants } tenant
   *[other] { $tenants } tenants
} and by accounts of none; the 30 days are over { $over }
# What was measured: an old door was used; $last and $over are moments.
gate-found-used-tenants = last used { $last }, in { $tenants ->
    [one] { $tenants } tenant
   *[other] { $tenants } tenants
}; the 30 days are over { $over }
# What was measured: sources whose check was clean; $oldest is a moment.
gate-found-verified = { $sources } clean, the oldest { $oldest }
# What was measured: there is no source to check.
gate-found-verified-none = nothing was imported
# What was measured: rows that wait.
gate-found-waits = { $quarantined } in quarantine, { $conflicts } in conflict or failed
# What was measured: no old door was used since counting began; $since and $over are moments.
gate-found-young = no use, counted only since { $since }; the 30 days are over { $over }
# Link that removes a filter.
migration-all-rows = show all
# Below the heading.
migration-rows-text = These rows of the source became no account yet, because somebody has to decide.
# Stands before a command.
migration-rows-how = Decide about a row on the command line:
# Head of a column: the id of a row of the source.
migration-row = Row
# Head of a column: a masked name or address.
migration-who = Who
# Head of a column.
migration-since = Since
# Why a row waits.
waiting-conflict = Conflict
# Why a row waits.
waiting-quarantine = Quarantine
# Why a row waits.
waiting-failed = Failed
# Reason.
reason-changed-here = Changed here and in the source
# Reason.
reason-deleted-here = Deleted here
# Reason.
reason-deleted-in-source = Deleted in the source
# Reason.
reason-email-taken = The address belongs to another account
# Reason.
reason-external-subject-taken = The id at the provider belongs to another account
# Reason.
reason-hash-hostile = The hash would cost too much to verify
# Reason.
reason-hash-missing = No hash in the source
# Reason.
reason-hash-unsupported = A hash of an unknown kind
# Reason.
reason-id-taken = The id belongs to another account
# Reason.
reason-inactive = Switched off in the source
# Reason.
reason-resolved = Decided by an operator
# Reason.
reason-flawed = The row cannot be read as a person
# Reason.
reason-store-refused = The store refused it
# Reason.
reason-tenant-not-wanted = Of a tenant that was not asked for
# Reason.
reason-tenant-inactive = Of a tenant that is not in operation
# Reason.
reason-username-taken = The user name belongs to another account
# Reason.
reason-username-is-email = The user name is another's address
# What cannot be read in a row; the name of its column follows in brackets.
flaw-email-missing = no address
# What cannot be read in a row; the name of its column follows in brackets.
flaw-email-invalid = not an email address
# What cannot be read in a row; the name of its column follows in brackets.
flaw-email-too-long = the address is too long
# What cannot be read in a row; the name of its column follows in brackets.
flaw-username-too-long = the user name is too long
# What cannot be read in a row; the name of its column follows in brackets.
flaw-username-invalid = the user name has control characters
# What cannot be read in a row; the name of its column follows in brackets.
flaw-external-subject-invalid = not an id at the provider
# What cannot be read in a row; the name of its column follows in brackets.
flaw-time-invalid = not a point in time
# What cannot be read in a row; the name of its column follows in brackets.
flaw-tenant-slug-taken = another tenant has this short name
# What cannot be read in a row; the name of its column follows in brackets.
flaw-tenant-unknown = there is no such tenant
# What cannot be read in a row; the name of its column follows in brackets.
flaw-wrong-type = not of the type that the profile says
# What cannot be read in a row; the name of its column follows in brackets.
flaw-status-unknown = a status that the profile does not know
# What cannot be read in a row; the name of its column follows in brackets.
flaw-too-long = too long
# Below the heading.
ledger-text = Every change that a migration made, newest first. Give one of the three.
# Label of a field: an id of an account or an address.
ledger-account = Account
# Label of a field: the id of a row of the source.
ledger-row = Row of the source
# Label of a field: the id of a run.
ledger-run = Run
# Button.
ledger-search = Search
# After a search: what was typed can be no id.
ledger-unreadable = There is no account of that name, or the id cannot be read.
# After a search.
ledger-none = Nothing was written about this.
# Head of a column.
ledger-when = When
# Head of a column.
ledger-what = What
# Mark on a line that was taken back.
ledger-undone = taken back
# Link to older lines.
ledger-more = Older lines
# What a line tells of.
action-change = Account changed
# What a line tells of.
action-create = Account created
# What a line tells of.
action-decide = Decided by hand
# What a line tells of.
action-link = Row linked
# What a line tells of.
action-note = Nothing written
# What a line tells of.
action-remove = Account removed
# What a line tells of.
action-unlink = Link removed
# What became of a row.
outcome-import = imported
# What became of a row.
outcome-import-disabled = imported, switched off
# What became of a row.
outcome-import-relink = linked to an account that was there
# What became of a row.
outcome-import-reset-required = imported, password to be set anew
# What became of a row.
outcome-already-linked = already linked
# What became of a row.
outcome-already-migrated = already migrated
# What became of a row.
outcome-updated = updated
# What became of a row.
outcome-unchanged = unchanged
# What became of a row.
outcome-skip-deleted = skipped, deleted
# What became of a row.
outcome-skip-tenant = skipped, tenant
# What became of a row.
outcome-conflict = conflict
# What became of a row.
outcome-quarantine = quarantine
# What became of a row.
outcome-failed = failed
# What taking back means.
rollback-text = Taking back puts accounts into the state that they had before the import, from the ledger. Accounts that the import made are removed.
# Below it.
rollback-text-more = What owners changed since stays, and accounts that signed in by OAuth alone before are never touched. You see first what would happen.
# Link to the page that takes back.
rollback-look = See what would happen …
# Heading of a choice: account, tenant or run.
rollback-target = Take back
# Choice.
rollback-account = One account
# Choice.
rollback-tenant = One tenant
# Choice.
rollback-run = One run
# Label of a field.
rollback-name = Its id, address or short name
# Button: nothing is written.
rollback-rehearse = See what would happen
# Heading above the figures.
rollback-would = What would happen
# Instead of the figures.
rollback-nothing-left = There is nothing to take back.
# Row of a table.
rollback-left-alone = On OAuth alone before: not touched
# Row of a table.
rollback-changed-later = Changed by their owners since
# Below figures that are not whole.
rollback-unfinished = There are more accounts than fit into this look: these figures are a lower bound. The command line counts all: authly-admin migrate rollback.
# Label of a field; $name is an id or short name.
rollback-confirm = Type { $name } to confirm
# Button.
rollback-go = Take back
# Instead of the button, when the sign-in is too long ago.
rollback-sign-in-again = You signed in a while ago. Sign in again, then come back to go on.
# After it worked.
rollback-done = It is taken back.
# After it began and takes a while.
rollback-started = It has begun and goes on by itself; the overview shows how far it is.
# After a name that means nothing.
rollback-nothing = There is no such account, tenant or run.
# After a refusal; $why says more, in English.
rollback-refused = It was not taken back: { $why }
# After the confirmation was not typed as it stands there.
rollback-wrong-word = That is not what stands there. Nothing was taken back.
# What becomes of an account.
restored-removed = Removed: the import made them
# What becomes of an account.
restored-restored = As they were before
# What becomes of an account.
restored-partly-restored = As before, later changes kept
# What becomes of an account.
restored-kept-changed = Kept: their owners changed them
# What becomes of an account.
restored-link-only = Only the link is removed
# Link on the account page of an administrator.
account-migration = Migration
