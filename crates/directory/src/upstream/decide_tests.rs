//! Which account somebody is: the order of the rules, and whom they keep out.

use authly_upstream::{
    identity::{Email, Identity},
    provider::{NewPeople, PeopleRule, ProviderName, UpstreamIssuer},
};

use super::*;
use crate::{
    tenant::{GroupRole, TenantGroup},
    testing::{account, tenant, tenant_ref},
};

fn identity() -> Identity {
    Identity {
        provider: ProviderName::parse("corp").unwrap(),
        issuer: UpstreamIssuer::parse("https://idp.example").unwrap(),
        subject: UpstreamSubject::parse("alice").unwrap(),
        session: None,
        email: Some(Email { address: "ada@example.com".to_owned(), verified: true }),
        name: None,
        groups: Vec::new(),
    }
}

fn rule() -> PeopleRule {
    PeopleRule {
        link: LinkRule::Email,
        new_people: NewPeople::Refuse,
        tenants: TenantRule::Ignore,
        session: None,
        grants: None,
    }
}

struct Case {
    identity: Identity,
    rule: PeopleRule,
    tenant: Option<TenantId>,
    admission: Admission,
    found: Found,
}

fn case() -> Case {
    Case { identity: identity(), rule: rule(), tenant: None, admission: Admission::default(), found: Found::default() }
}

impl Case {
    fn decide(&self) -> Result<Decision, Refusal> {
        let question = Question { identity: &self.identity, rule: &self.rule, tenant: self.tenant };
        decide(question, &self.admission, &self.found)
    }

    /// The account and how it came to be linked, if somebody signs in.
    fn enters(&self) -> Result<(UserId, Option<LinkedBy>), Refusal> {
        match self.decide()? {
            Decision::SignIn { account, by } => Ok((account.subject.id, by)),
            Decision::Create { .. } => panic!("nobody is created here"),
        }
    }
}

fn ada() -> Account {
    account(1, "ada@example.com", "ada")
}

fn by_email(account: Account) -> Found {
    Found { by_email: vec![(account, None)], ..Found::default() }
}

#[test]
fn a_link_wins_over_everything_else() {
    let other = account(2, "ada@example.com", "other");
    let found =
        Found { linked: Some(ada()), imported: vec![other.clone()], taken: vec![ada().subject.id], ..by_email(other) };
    let mut case = Case { found, ..case() };
    case.rule.link = LinkRule::Nothing;
    case.identity.email = None;
    assert_eq!(case.enters(), Ok((ada().subject.id, None)));
}

#[test]
fn an_imported_id_finds_its_account_whatever_the_address_is() {
    let found = Found { imported: vec![ada()], ..Found::default() };
    let mut case = Case { found, ..case() };
    case.identity.email = None;
    for rule in [LinkRule::Email, LinkRule::Imported] {
        case.rule.link = rule;
        assert_eq!(case.enters(), Ok((ada().subject.id, Some(LinkedBy::Import))));
    }
    case.rule.link = LinkRule::Nothing;
    assert_eq!(case.enters(), Err(Refusal::NoAccount));
}

/// A second provider may give out the id that an import brought along from the first, by chance or because somebody there wants to
/// be Ada here; nor does an address that it vouches for take over what the import says is somebody's at the first.
#[test]
fn an_imported_id_is_nobodys_at_another_provider() {
    let mut case = Case { found: Found { imported: vec![ada()], ..Found::default() }, ..case() };
    case.rule.link = LinkRule::Address;
    assert_eq!(case.enters(), Err(Refusal::NoAccount));
    case.found = by_email(ada());
    assert_eq!(case.enters(), Ok((ada().subject.id, Some(LinkedBy::Email))));
    case.found.by_email = vec![(ada(), Some("bob".to_owned()))];
    assert_eq!(case.enters(), Err(Refusal::AlreadyLinked(ada().subject.id)));
}

/// An id that stands in two accounts is nobody's.
#[test]
fn an_imported_id_of_two_accounts_is_ambiguous() {
    let found = Found { imported: vec![ada(), account(2, "b@example.com", "b")], ..Found::default() };
    assert_eq!(Case { found, ..case() }.enters(), Err(Refusal::Ambiguous));
}

#[test]
fn an_address_verified_on_both_sides_finds_its_account() {
    let mut case = Case { found: by_email(ada()), ..case() };
    assert_eq!(case.enters(), Ok((ada().subject.id, Some(LinkedBy::Email))));
    case.rule.link = LinkRule::Imported;
    assert_eq!(case.enters(), Err(Refusal::NoAccount));
}

/// Somebody registers at the provider with the address of a stranger.
#[test]
fn an_address_that_the_provider_has_not_verified_takes_nothing_over() {
    let mut case = Case { found: by_email(ada()), ..case() };
    case.identity.email = Some(Email { verified: false, ..identity().email.unwrap() });
    assert_eq!(case.enters(), Err(Refusal::EmailUnverified));
    case.rule.new_people = NewPeople::Create;
    assert_eq!(case.decide(), Err(Refusal::EmailUnverified));
}

/// Somebody registers here with the address of a stranger and waits.
#[test]
fn an_account_that_never_proved_its_address_is_not_linked_by_it() {
    let waiting = Account { is_verified: false, ..ada() };
    let mut case = Case { found: by_email(waiting.clone()), ..case() };
    case.rule.new_people = NewPeople::Create;
    assert_eq!(case.decide(), Err(Refusal::AccountUnverified(waiting.subject.id)));
}

#[test]
fn an_account_of_somebody_else_is_never_merged() {
    let user = ada().subject.id;
    for found in [
        Found { taken: vec![user], ..by_email(ada()) },
        Found { taken: vec![user], imported: vec![ada()], ..Found::default() },
        Found { by_email: vec![(ada(), Some("6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned()))], ..Found::default() },
    ] {
        let mut case = Case { found, ..case() };
        case.rule.new_people = NewPeople::Create;
        assert_eq!(case.decide(), Err(Refusal::AlreadyLinked(user)));
    }
}

/// S001-45: what a broken program wrote where an id should be.
#[test]
fn an_invalid_stored_id_counts_as_none_and_is_reported() {
    for broken in ["null", "", "undefined", " x"] {
        let found = Found { by_email: vec![(ada(), Some(broken.to_owned()))], ..Found::default() };
        assert_eq!(found.broken_links(), [ada().subject.id], "{broken:?}");
        assert_eq!(Case { found, ..case() }.enters(), Ok((ada().subject.id, Some(LinkedBy::Email))), "{broken:?}");
    }
    assert!(by_email(ada()).broken_links().is_empty());
}

#[test]
fn closed_and_deleted_accounts_let_nobody_in() {
    let mut locked = ada();
    locked.is_locked = true;
    let mut disabled = ada();
    disabled.subject.status = AccountStatus::Disabled;
    for closed in [locked, disabled] {
        let user = closed.subject.id;
        assert_eq!(Case { found: by_email(closed.clone()), ..case() }.enters(), Err(Refusal::Closed(user)));
        let found = Found { linked: Some(closed), ..Found::default() };
        assert_eq!(Case { found, ..case() }.enters(), Err(Refusal::Closed(user)));
    }
    let mut deleted = ada();
    deleted.subject.status = AccountStatus::Deleted;
    assert_eq!(Case { found: by_email(deleted), ..case() }.enters(), Err(Refusal::NoAccount));
}

fn of_tenant(number: u128, tenant_number: u128) -> Account {
    let mut account = account(number, "ada@example.com", &format!("ada{number}"));
    account.subject.tenant = tenant_ref(&tenant(tenant_number, true));
    account
}

fn member_of(tenants: &[u128]) -> Admission {
    let mapping = |number: &u128| TenantGroup {
        tenant: tenant(*number, true).id,
        provider: "corp".to_owned(),
        group: number.to_string(),
        name: number.to_string(),
        role: GroupRole::Member,
    };
    Admission::of(&tenants.iter().map(mapping).collect::<Vec<_>>())
}

/// S001-41..43.
#[test]
fn without_a_group_of_the_tenant_nobody_gets_in() {
    let account = of_tenant(1, 11);
    let mut case = Case { found: by_email(account.clone()), ..case() };
    case.rule.tenants = TenantRule::Required;
    for (groups, result) in [
        (member_of(&[]), Err(Refusal::NoTenant(Some(account.subject.id)))),
        (member_of(&[12]), Err(Refusal::NoTenant(Some(account.subject.id)))),
        (member_of(&[11]), Ok((account.subject.id, Some(LinkedBy::Email)))),
        (member_of(&[11, 12]), Ok((account.subject.id, Some(LinkedBy::Email)))),
    ] {
        case.admission = groups;
        assert_eq!(case.enters(), result);
    }
    case.found = by_email(ada());
    assert_eq!(case.enters(), Ok((ada().subject.id, Some(LinkedBy::Email))), "without a tenant any group will do");
    case.admission = member_of(&[]);
    assert_eq!(case.enters(), Err(Refusal::NoTenant(Some(ada().subject.id))));
}

/// S001-14: the same address in two tenants.
#[test]
fn the_client_or_the_groups_say_which_of_several_accounts_is_meant() {
    let (one, two) = (of_tenant(1, 11), of_tenant(2, 12));
    let found = Found { by_email: vec![(one.clone(), None), (two.clone(), None)], ..Found::default() };
    let mut case = Case { found, ..case() };
    assert_eq!(case.enters(), Err(Refusal::Ambiguous));
    case.tenant = Some(tenant(12, true).id);
    assert_eq!(case.enters().unwrap().0, two.subject.id);
    case.tenant = None;
    case.rule.tenants = TenantRule::Required;
    case.admission = member_of(&[11]);
    assert_eq!(case.enters().unwrap().0, one.subject.id);
    case.admission = member_of(&[11, 12]);
    assert_eq!(case.enters(), Err(Refusal::Ambiguous));
}

#[test]
fn somebody_new_gets_an_account_in_the_tenant_of_their_groups() {
    let mut case = case();
    assert_eq!(case.decide(), Err(Refusal::NoAccount));
    case.rule.new_people = NewPeople::Create;
    assert_eq!(case.decide(), Ok(Decision::Create { tenant: None }));
    case.rule.tenants = TenantRule::Required;
    let id = |number| tenant(number, true).id;
    for (groups, client, result) in [
        (member_of(&[]), None, Err(Refusal::NoTenant(None))),
        (member_of(&[11]), None, Ok(Decision::Create { tenant: Some(id(11)) })),
        (member_of(&[11, 12]), None, Err(Refusal::Ambiguous)),
        (member_of(&[11, 12]), Some(id(12)), Ok(Decision::Create { tenant: Some(id(12)) })),
        (member_of(&[11]), Some(id(12)), Err(Refusal::NoTenant(None))),
    ] {
        (case.admission, case.tenant) = (groups, client);
        assert_eq!(case.decide(), result);
    }
}
