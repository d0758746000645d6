//! A page of a part: whose each row is, what is put in for it, and what waits.

use std::collections::{HashMap, HashSet};

use authly_cutover::{
    decide::Rules,
    inspect::{Inspect, Part},
    ledger::{Action, LedgerItem, LedgerKey},
    outcome::{Flaw, Outcome, Reason, ReasonCode},
    parts::{self, NewApiKey, NewToken, PartStore as _, Put, Shut},
    profile::{bind::BoundProfile, rules::Target},
    run::Run,
    source::{PageAsk, SourceId, SourceName, SourceRow},
    store::{
        BatchCommit, BatchWrite, CutoverStore as _, PenEntry, PenKind, Progress, Resolution, RowKeys, SnapshotAsk,
    },
};
use oauth_core::{
    ids::{ApiKeyId, UserId},
    services::Clock as _,
    time::Timestamp,
};
use serde_json::{Map, json};

use crate::migrate::{MigrateError, Observer, Stop, Stopped, Tools, pieces::Pieces};

/// A row that was read: whose it is, and what is to be put in for it.
struct Read {
    id: SourceId,
    user: Option<SourceId>,
    what: Result<What, Flaw>,
}

enum What {
    Token(parts::TokenOfSource),
    Key(parts::KeyOfSource),
}

impl What {
    const fn shut(&self) -> Option<Shut> {
        match self {
            Self::Token(token) => token.shut,
            Self::Key(key) => key.shut,
        }
    }
}

pub(super) struct Walk<'a, T> {
    pub(super) tools: &'a T,
    pub(super) profile: &'a BoundProfile,
    pub(super) rules: Rules,
    pub(super) name: &'a SourceName,
    pub(super) own: &'a SourceName,
    pub(super) part: Part,
    pub(super) run: Option<&'a Run>,
    pub(super) progress: Progress,
    pub(super) pieces: Pieces,
}

impl<T: Tools> Walk<'_, T> {
    pub(super) async fn walk<S: Inspect>(
        &mut self,
        source: &mut S,
        batch: u32,
        total: u64,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<Option<Stopped>, MigrateError> {
        let (mut after, mut over) = (self.progress.checkpoint.clone(), false);
        let mut read = Vec::new().into_iter();
        loop {
            if stop.is_asked() {
                return Ok(Some(Stopped::Asked));
            }
            if read.len() == 0 {
                let rows = source.part(self.part, PageAsk { after: after.take(), limit: batch, since: None }).await?;
                over = u32::try_from(rows.len()).is_ok_and(|count| count < batch);
                after = rows.last().map(|last| last.id.clone());
                read = rows.into_iter();
            }
            let piece: Vec<SourceRow> = read.by_ref().take(self.pieces.rows()).collect();
            if piece.is_empty() {
                return Ok(None);
            }
            self.page(&piece).await?;
            observer.done(&self.progress.counters, total);
            if over && read.len() == 0 {
                return Ok(None);
            }
            self.pieces.rest(self.tools).await;
        }
    }

    fn read(&self, row: &SourceRow, now: Timestamp) -> Read {
        let (profile, zone) = (&self.profile.profile, self.profile.profile.source.time_zone);
        let what = match (self.part, &profile.tokens, &profile.api_keys) {
            (Part::Tokens, Some(rules), _) => parts::token(row, rules, zone, now).map(What::Token),
            (_, _, Some(rules)) => parts::key(row, rules, zone, now).map(What::Key),
            _ => Err(Flaw { kind: authly_cutover::outcome::FlawKind::WrongType, column: String::new() }),
        };
        let user = match &what {
            Ok(What::Token(token)) => Some(token.user.clone()),
            Ok(What::Key(key)) => Some(key.user.clone()),
            Err(_) => None,
        };
        Read { id: row.id.clone(), user, what }
    }

    /// Decides and writes one page: the tokens first, which a second time changes nothing, then the checkpoint with what waits.
    async fn page(&mut self, rows: &[SourceRow]) -> Result<(), MigrateError> {
        let now = self.tools.clock().now();
        let read: Vec<Read> = rows.iter().map(|row| self.read(row, now)).collect();
        let accounts = self.accounts(&read).await?;
        let waiting = self.waiting(&read).await?;
        let mut outcomes: HashMap<&SourceId, (Outcome, Option<Reason>)> = HashMap::new();
        let mut wanted: Vec<(&Read, UserId)> = Vec::new();
        for row in &read {
            let outcome = match (&row.what, row.user.as_ref().and_then(|user| accounts.get(user))) {
                _ if waiting.get(&row.id).is_some_and(|entry| entry.resolution == Some(Resolution::Drop)) => {
                    (Outcome::SkipDeleted, Some(Reason::plain(ReasonCode::Resolved)))
                }
                (Err(flaw), _) => (Outcome::Quarantine, Some(Reason::flawed(std::slice::from_ref(flaw)))),
                (Ok(what), Some(user)) if what.shut() != Some(Shut::Opaque) => {
                    wanted.push((row, *user));
                    continue;
                }
                (Ok(what), _) => match what.shut() {
                    Some(Shut::Opaque) => (Outcome::SkipDeleted, Some(Reason::plain(ReasonCode::OpaqueAccess))),
                    Some(Shut::Over) => (Outcome::SkipDeleted, Some(Reason::plain(ReasonCode::Over))),
                    None => {
                        let detail = json!({ "user": row.user });
                        (Outcome::Quarantine, Some(Reason::with(ReasonCode::AccountMissing, detail)))
                    }
                },
            };
            outcomes.insert(&row.id, outcome);
        }
        for (row, put) in self.put(&wanted, now).await? {
            let over = matches!(&row.what, Ok(what) if what.shut().is_some());
            let outcome = match put {
                Put::Added if over => (Outcome::SkipDeleted, Some(Reason::plain(ReasonCode::Over))),
                Put::Added => (Outcome::Import, None),
                Put::Same => (Outcome::Unchanged, None),
                Put::Ended => (Outcome::Updated, None),
                Put::Taken => (Outcome::Conflict, Some(Reason::plain(ReasonCode::IdTaken))),
            };
            outcomes.insert(&row.id, outcome);
        }
        self.commit(&read, &outcomes, &waiting, now).await
    }

    /// The accounts that rows of the source are here.
    async fn accounts(&self, read: &[Read]) -> Result<HashMap<SourceId, UserId>, MigrateError> {
        let users: HashSet<&SourceId> = read.iter().filter_map(|row| row.user.as_ref()).collect();
        let in_place = self.profile.profile.target == Target::InPlace;
        let keys = |id: &&SourceId| RowKeys {
            source_id: (*id).clone(),
            user: in_place.then(|| self.rules.user(id)),
            names: Vec::new(),
            external_subject: None,
        };
        let ask = SnapshotAsk { source: self.name.clone(), rows: users.iter().map(keys).collect() };
        let snapshot = self.tools.target().snapshot(ask).await?;
        let here: HashSet<UserId> = snapshot.accounts.iter().map(|account| account.user).collect();
        let own = snapshot.links.iter().filter(|link| link.source == *self.name && here.contains(&link.user));
        let mut accounts: HashMap<SourceId, UserId> = own.map(|link| (link.source_id.clone(), link.user)).collect();
        if in_place {
            let direct = users.iter().map(|id| ((*id).clone(), self.rules.user(id)));
            accounts.extend(direct.filter(|(_, user)| here.contains(user)));
        }
        Ok(accounts)
    }

    /// Rows of this page that wait, or did until somebody decided.
    async fn waiting(&self, read: &[Read]) -> Result<HashMap<SourceId, PenEntry>, MigrateError> {
        let keys =
            |row: &Read| RowKeys { source_id: row.id.clone(), user: None, names: Vec::new(), external_subject: None };
        let ask = SnapshotAsk { source: self.own.clone(), rows: read.iter().map(keys).collect() };
        let snapshot = self.tools.target().snapshot(ask).await?;
        Ok(snapshot.pen.into_iter().map(|entry| (entry.source_id.clone(), entry)).collect())
    }

    async fn put<'r>(
        &mut self,
        wanted: &[(&'r Read, UserId)],
        now: Timestamp,
    ) -> Result<Vec<(&'r Read, Put)>, MigrateError> {
        let write = self.run.is_some();
        let (mut tokens, mut keys) = (Vec::new(), Vec::new());
        for (row, user) in wanted {
            match &row.what {
                Ok(What::Token(token)) => tokens.push(NewToken {
                    id: token.id.clone(),
                    user: *user,
                    kind: token.kind,
                    created_at: token.created_at.unwrap_or(now),
                    expires_at: token.expires_at,
                    // A spent token of a family still tells that somebody copied it.
                    invalidated: token.dead,
                    family: token.family.as_ref().map(|family| format!("{}:{family}", self.name)),
                }),
                Ok(What::Key(key)) => keys.push(NewApiKey {
                    id: ApiKeyId::generate(now, self.tools.random()),
                    source_id: row.id.clone(),
                    user: *user,
                    client: key.client.clone(),
                    scope: key.scope.clone(),
                    label: key.label.clone(),
                    hash: key.hash,
                    created_at: now,
                    expires_at: key.expires_at,
                    revoked_at: key.dead.then_some(now),
                }),
                Err(_) => {}
            }
        }
        let (target, part, name) = (self.tools.target(), self.part, self.name);
        let put = async move {
            match part {
                Part::Tokens => target.put_tokens(tokens, write).await,
                Part::ApiKeys | Part::Groups => target.put_api_keys(name, keys, write).await,
            }
        };
        let put = if write { self.pieces.write(self.tools, wanted.len(), put).await? } else { put.await? };
        Ok(wanted.iter().map(|(row, _)| *row).zip(put).collect())
    }

    async fn commit(
        &mut self,
        read: &[Read],
        outcomes: &HashMap<&SourceId, (Outcome, Option<Reason>)>,
        waiting: &HashMap<SourceId, PenEntry>,
        now: Timestamp,
    ) -> Result<(), MigrateError> {
        let mut progress = self.progress.clone();
        let lease = self.run.map(Run::lease);
        let mut write = lease.map(|lease| BatchWrite::empty(lease, now));
        for row in read {
            let Some((outcome, reason)) = outcomes.get(&row.id) else { continue };
            progress.counters.note(*outcome, reason.as_ref());
            progress.checkpoint = Some(row.id.clone());
            let Some(write) = &mut write else { continue };
            let known = waiting.get(&row.id);
            if !outcome.needs_a_decision() {
                if known.is_some_and(|known| known.resolution.is_none()) {
                    write.settled.push(row.id.clone());
                }
                continue;
            }
            let reason = reason.clone().unwrap_or(Reason::plain(ReasonCode::StoreRefused));
            if known.is_some_and(|known| known.resolution.is_none() && known.reason == reason) {
                continue;
            }
            progress.last_seq += 1;
            let run = write.lease.run;
            write.ledger.push(LedgerItem {
                key: LedgerKey { run, seq: progress.last_seq },
                source: self.own.clone(),
                source_id: row.id.clone(),
                user: None,
                tenant: None,
                action: Action::Note,
                before: Map::new(),
                after: Map::new(),
                outcome: Some(*outcome),
                reason: Some(reason.clone()),
                undoes: None,
                at: now,
            });
            let kind = if *outcome == Outcome::Conflict { PenKind::Conflict } else { PenKind::Quarantine };
            let of = row.user.as_ref().map(|user| format!(" of account {user}")).unwrap_or_default();
            write.pen.push(PenEntry {
                source: self.own.clone(),
                source_id: row.id.clone(),
                kind,
                reason,
                label: format!("{}{of}", if self.part == Part::Tokens { "token" } else { "API key" }),
                tenant: None,
                run,
                at: now,
                resolution: None,
                resolved_at: None,
            });
        }
        if let Some(mut write) = write {
            write.progress = progress.clone();
            let commit = (write.ledger.len(), self.tools.target().commit_batch(write));
            match self.pieces.write(self.tools, commit.0, commit.1).await? {
                BatchCommit::Applied => {}
                BatchCommit::Fenced => return Err(MigrateError::Fenced),
                BatchCommit::Lost => {
                    return Err(MigrateError::Refused(
                        "the store refused to note how far it is; run it again".to_owned(),
                    ));
                }
            }
        }
        self.progress = progress;
        Ok(())
    }
}
