//! The people: what each row says before it is written into the columns of one program or another.

use crate::{
    Plan,
    dirt::{self, Dirt},
    hashes::{self, Known},
    random::Stream,
};

/// Whose tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    /// The password-only program (profile `authly`).
    Authly,
    /// An application with tenants (profile `tenants`).
    Tenants,
    /// A single table (profile `legacy-users`).
    LegacyUsers,
}

impl Legacy {
    /// Reads the name of a profile.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "authly" => Some(Self::Authly),
            "tenants" => Some(Self::Tenants),
            "legacy-users" => Some(Self::LegacyUsers),
            _ => None,
        }
    }
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) full_name: Option<String>,
    pub(crate) hash: Option<String>,
    pub(crate) role: &'static str,
    pub(crate) status: &'static str,
    pub(crate) deleted_at: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) synced_at: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) last_login_at: Option<String>,
    pub(crate) failures: u64,
    pub(crate) locked_until: Option<String>,
    /// The tenant's place; one that is not there is an orphan's.
    pub(crate) tenant: Option<u64>,
    /// The clear password, where it verifies.
    pub(crate) password: Option<&'static str>,
}

const FIRST: [&str; 16] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Katherine",
    "Dennis",
    "Radia",
    "Ken",
    "Frances",
    "John",
    "Hedy",
    "Claude",
    "Joan",
    "Tim",
];
const LAST: [&str; 16] = [
    "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Johnson", "Ritchie", "Perlman", "Thompson",
    "Allen", "Backus", "Lamarr", "Shannon", "Clarke", "Lee",
];
const DOMAINS: [&str; 4] = ["example.com", "example.org", "mail.example.net", "corp.example"];

/// How many tenants there are.
pub(crate) fn tenants(plan: &Plan) -> u64 {
    plan.tenants.map_or_else(|| u64::from(plan.users / 250).clamp(12, 10_000), |tenants| u64::from(tenants.max(1)))
}

/// The person of a row, from 1.
pub(crate) fn person(plan: &Plan, row: u32) -> Person {
    let mut stream = Stream::of(plan.seed, u64::from(row));
    let mut person = clean(plan, row, &mut stream);
    if let Some(dirt) = dirt::of(row, plan.users).filter(|_| plan.dirty) {
        soil(plan, row, dirt, &mut stream, &mut person);
    }
    person
}

fn clean(plan: &Plan, row: u32, stream: &mut Stream) -> Person {
    let (first, last) = (stream.of_these(&FIRST), stream.of_these(&LAST));
    let name = format!("{}.{}{row}", first.to_lowercase(), last.to_lowercase());
    let known = known(row);
    let id = if plan.legacy == Legacy::LegacyUsers { row.to_string() } else { stream.uuid() };
    Person {
        id,
        email: Some(format!("{name}@{}", stream.of_these(&DOMAINS))),
        username: Some(name),
        full_name: Some(format!("{first} {last}")),
        hash: Some(known.hash.to_owned()),
        role: if row % 50 == 1 { "admin" } else { "member" },
        status: "active",
        deleted_at: None,
        link: None,
        synced_at: None,
        created_at: Some(stream.time()),
        last_login_at: (stream.below(3) > 0).then(|| stream.time()),
        failures: 0,
        locked_until: None,
        tenant: Some(u64::from(row) % tenants(plan)),
        password: Some(known.password),
    }
}

/// Mostly bcrypt, some of every other kind.
fn known(row: u32) -> &'static Known {
    let place = usize::try_from(row).unwrap_or(0);
    let [first, ..] = &hashes::ORDINARY;
    let pick = |from: &'static [Known], place: usize| from.get(place % from.len().max(1));
    if row % 10 == 7 { pick(&hashes::OTHERS, place / 10) } else { pick(&hashes::ORDINARY, place) }.unwrap_or(first)
}

fn soil(plan: &Plan, row: u32, dirt: Dirt, stream: &mut Stream, person: &mut Person) {
    let longest = if plan.legacy == Legacy::Authly { 255 } else { 10_000 };
    let stored = |person: &mut Person, hash: String| {
        person.hash = Some(hash);
        person.password = None;
    };
    match dirt {
        Dirt::CaseTwin => {
            let before = clean(plan, row - 1, &mut Stream::of(plan.seed, u64::from(row - 1)));
            person.email = before.email.map(|email| email.to_uppercase());
            person.tenant = before.tenant;
        }
        Dirt::Composed => person.email = Some(format!("zo\u{eb}.{row}@example.org")),
        Dirt::Decomposed => {
            person.email = Some(format!("zoe\u{308}.{}@example.org", row - 1));
            person.tenant = Some(u64::from(row - 1) % tenants(plan));
        }
        Dirt::NullEmail => person.email = None,
        Dirt::BlankEmail => person.email = Some("   ".to_owned()),
        Dirt::PaddedEmail => person.email = person.email.take().map(|email| format!("  {email}\u{a0}")),
        Dirt::NoAddress => person.email = Some(format!("nobody {row} at example")),
        Dirt::LongEmail => person.email = Some(format!("{}.{row}@example.org", "l".repeat(longest - 20))),
        Dirt::LongName => person.full_name = Some("\u{f6}".repeat(longest)),
        Dirt::Quotes => {
            person.full_name = Some("Bobby \"O'Hara\"; DROP TABLE users; -- \\".to_owned());
            person.email = Some(format!("o'hara.{row}@example.org"));
            person.username = Some(format!("o'hara \"{row}\""));
        }
        Dirt::Deleted => {
            person.status = "deleted";
            person.deleted_at = Some(stream.time());
        }
        Dirt::Inactive => person.status = "inactive",
        Dirt::Linked => {
            person.link = Some(stream.uuid());
            person.synced_at = Some(stream.time());
        }
        Dirt::LinkNull => person.link = Some("null".to_owned()),
        Dirt::LinkNil => person.link = Some("00000000-0000-0000-0000-000000000000".to_owned()),
        Dirt::LinkJunk => person.link = Some("not-a-uuid' OR '1'='1".to_owned()),
        Dirt::NoPassword => {
            person.hash = (plan.legacy == Legacy::Authly).then(String::new);
            person.password = None;
        }
        Dirt::HostileTime => stored(person, hashes::HOSTILE_TIME.to_owned()),
        Dirt::HostileMemory => stored(person, hashes::HOSTILE_MEMORY.to_owned()),
        Dirt::HugeHash => stored(person, format!("$2b$10${}", "x".repeat(if longest == 255 { 200 } else { 200_000 }))),
        Dirt::Undeclared => stored(person, hashes::UNDECLARED.to_owned()),
        Dirt::Unsupported => stored(person, hashes::UNSUPPORTED.to_owned()),
        Dirt::UsernameIsEmail => {
            person.username = clean(plan, row + 1, &mut Stream::of(plan.seed, u64::from(row + 1))).email
        }
        Dirt::NullUsername => person.username = None,
        Dirt::TimeInfinite => person.last_login_at = Some("infinity".to_owned()),
        Dirt::TimeMissing => person.created_at = None,
        Dirt::TimeZero => person.created_at = Some("0001-01-01 00:00:00".to_owned()),
        Dirt::UnknownStatus => person.status = "on leave",
        Dirt::OrphanTenant => person.tenant = Some(u64::from(u32::MAX)),
        Dirt::UnknownRole => person.role = "warehouse, night shift",
        Dirt::SuperAdmin => person.role = "super_admin",
        Dirt::Locked => {
            person.failures = 5;
            person.locked_until = Some("2099-01-01 00:00:00".to_owned());
        }
        Dirt::Control => person.full_name = Some("Bell\u{7}\u{1b}[31m\nTwo lines".to_owned()),
    }
}
