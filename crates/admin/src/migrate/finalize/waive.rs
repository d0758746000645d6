//! Accounts for which nobody waits: a file with one in each line, and why.

use std::collections::{BTreeMap, BTreeSet};

use authly_cutover::{
    account::TargetAccount,
    source::{SourceId, SourceName},
    store::{CutoverStore as _, RowKeys, SnapshotAsk, TargetSnapshot},
};
use authly_directory::identifier::fold;
use oauth_core::ids::UserId;
use serde::Serialize;

use crate::migrate::{MigrateError, Tools};

/// Lines that are looked up at a time.
const PAGE: usize = 500;

/// The most bytes of a line.
const LONGEST: usize = 1_000;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverLine {
    /// The key of a row, an e-mail address or the id of an account.
    pub who: String,
    /// Why nobody waits for it.
    pub reason: String,
}

/// An account that is waived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// Its id.
    pub user: String,
    /// Its address.
    pub email: String,
    /// Why.
    pub reason: String,
}

impl Waived {
    pub(super) fn of((account, reason): &(TargetAccount, String)) -> Self {
        Self { user: account.user.to_string(), email: account.email.clone(), reason: reason.clone() }
    }
}

/// Reads a file: in each line who, and behind it the reason; empty lines and those that begin with # are passed over.
pub fn read_waivers(text: &str) -> Result<Vec<WaiverLine>, MigrateError> {
    let wrong = |number: usize, why: &str| MigrateError::Refused(format!("line {number} of the waivers {why}"));
    let mut lines = Vec::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.len() > LONGEST || line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(wrong(number, "is too long or has control characters"));
        }
        let (who, reason) = line.split_once(char::is_whitespace).ok_or_else(|| wrong(number, "gives no reason"))?;
        let (who, reason) =
            (who.trim_end_matches([',', ';']), reason.trim().trim_start_matches([',', ';', ':']).trim());
        if reason.is_empty() {
            return Err(wrong(number, "gives no reason"));
        }
        lines.push(WaiverLine { who: who.to_owned(), reason: reason.to_owned() });
    }
    Ok(lines)
}

/// The accounts that the lines mean, each once, with the reasons.
pub(super) async fn find<T: Tools>(
    tools: &T,
    lines: &[WaiverLine],
) -> Result<Vec<(TargetAccount, String)>, MigrateError> {
    let mut found: BTreeMap<UserId, (TargetAccount, String)> = BTreeMap::new();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let runs = tools.target().runs(None, u32::from(u16::MAX)).await?;
    let mut sources: BTreeSet<SourceName> = runs.into_iter().map(|run| run.plan.source).collect();
    // Names and ids are looked for even where nothing was imported.
    sources.insert(SourceName::of_finalize());
    for part in lines.chunks(PAGE) {
        let rows: Vec<RowKeys> = part.iter().filter_map(keys).collect();
        let mut snapshots = Vec::new();
        for source in &sources {
            let ask = SnapshotAsk { source: source.clone(), rows: rows.clone() };
            snapshots.push((source, tools.target().snapshot(ask).await?));
        }
        for line in part {
            let account = meant(line, &snapshots)?;
            found.entry(account.user).or_insert_with(|| (account.clone(), line.reason.clone()));
        }
    }
    Ok(found.into_values().collect())
}

fn keys(line: &WaiverLine) -> Option<RowKeys> {
    let source_id = SourceId::parse(&line.who)?;
    let user = source_id.user();
    Some(RowKeys { source_id, user, names: vec![fold(&line.who)], external_subject: None })
}

/// The one account that a line means.
fn meant<'s>(
    line: &WaiverLine,
    snapshots: &'s [(&SourceName, TargetSnapshot)],
) -> Result<&'s TargetAccount, MigrateError> {
    let id = UserId::parse(&line.who.to_ascii_lowercase());
    let mut accounts: BTreeMap<UserId, &TargetAccount> = BTreeMap::new();
    for (source, snapshot) in snapshots {
        let linked: BTreeSet<UserId> = snapshot
            .links
            .iter()
            .filter(|link| link.source == **source && link.source_id.as_str() == line.who)
            .map(|link| link.user)
            .collect();
        let is_meant = |account: &&TargetAccount| {
            Some(account.user) == id || linked.contains(&account.user) || fold(&account.email) == fold(&line.who)
        };
        accounts.extend(snapshot.accounts.iter().filter(is_meant).map(|account| (account.user, account)));
    }
    let mut each = accounts.into_values();
    match (each.next(), each.next()) {
        (Some(account), None) => Ok(account),
        (None, _) => Err(MigrateError::NotFound { what: "account to be waived", name: line.who.clone() }),
        (Some(_), Some(_)) => Err(MigrateError::Refused(format!(
            "{:?} in the waivers means several accounts; name the one by its id",
            line.who
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_and_why() {
        let text = "# left in spring\n\nada@example.com  on leave until May\r\n17, service account\n";
        let lines = read_waivers(text).unwrap();
        let of = |who: &str, reason: &str| WaiverLine { who: who.into(), reason: reason.into() };
        assert_eq!(lines, [of("ada@example.com", "on leave until May"), of("17", "service account")]);
        for bad in ["ada@example.com", "17 ,", "17 a\u{1b}[31m", &"x ".repeat(600)] {
            assert!(read_waivers(bad).is_err(), "{bad}");
        }
    }
}
