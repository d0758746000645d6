//! What a token may allow and where it may be used: the rules that issue, refresh and every later use share.

use crate::{
    catalog::Catalog,
    client::{Client, GrantType},
    error::{GrantError, TokenError},
    scope::ScopeSet,
    settings::Issuer,
    store::GrantSnapshot,
    subject::Subject,
    time::Timestamp,
};

/// The scopes of `granted` that still count: those that the installation offers, the client may have and the user may hold.
pub fn effective(granted: &ScopeSet, client: &Client, subject: &Subject, catalog: &Catalog) -> ScopeSet {
    let offered = offered(granted, client, catalog);
    if subject.is_admin { offered } else { offered.without(ScopeSet::ADMIN) }
}

/// Whether a client serves this account: one that belongs to a tenant serves that tenant's accounts alone (SECURITY.md row 39).
pub fn serves(client: &Client, subject: &Subject) -> bool {
    client.tenant.is_none_or(|own| subject.tenant.as_ref().is_some_and(|tenant| tenant.id == own))
}

/// The scopes of `wanted` that the installation offers and the client may have.
pub fn offered(wanted: &ScopeSet, client: &Client, catalog: &Catalog) -> ScopeSet {
    wanted
        .iter()
        .filter(|scope| client.scopes.contains(scope.as_str()) && catalog.scope(scope.as_str()).is_some())
        .cloned()
        .collect()
}

/// RFC 6749 6: the scope of a refresh "MUST NOT include any scope not originally granted", and is the granted one if omitted.
pub fn narrowed(granted: &ScopeSet, asked: Option<&ScopeSet>) -> Result<ScopeSet, TokenError> {
    match asked {
        None => Ok(granted.clone()),
        Some(asked) if asked.is_subset(granted) && !asked.is_empty() => Ok(asked.clone()),
        Some(_) => Err(TokenError::Scope),
    }
}

/// The audience of an access token (RFC 8707 2.2, RFC 9068 3).
///
/// `granted` is what the authorization request asked for; the token request may ask for less. The issuer itself is added for the
/// scopes that are answered here: `openid` at userinfo, `admin` at administration.
pub fn audience(
    client: &Client,
    granted: &[String],
    asked: &[String],
    scope: &ScopeSet,
    issuer: &Issuer,
) -> Result<Vec<String>, TokenError> {
    let ours = issuer.as_str();
    let allowed = |name: &String| client.audiences.contains(name) || (client.audiences.is_empty() && name == ours);
    if !asked.iter().all(|name| allowed(name) && (granted.is_empty() || granted.contains(name))) {
        return Err(TokenError::Target);
    }
    let wanted = if asked.is_empty() { granted } else { asked };
    let mut names: Vec<String> = Vec::with_capacity(wanted.len() + 1);
    for name in wanted.iter().filter(|name| allowed(name)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        if !granted.is_empty() {
            return Err(TokenError::Target);
        }
        names.push(client.audiences.first().map_or(ours, String::as_str).to_owned());
    }
    let answered_here = scope.contains(ScopeSet::OPENID) || scope.contains(ScopeSet::ADMIN);
    if answered_here && !names.iter().any(|name| name == ours) {
        names.push(ours.to_owned());
    }
    Ok(names)
}

/// Whether a refresh token is issued: the client has the grant, and on OpenID Connect requests the user allowed `offline_access`
/// (OpenID Connect Core 11).
pub fn refreshable(client: &Client, scope: &ScopeSet) -> bool {
    client.may(GrantType::RefreshToken)
        && (!scope.contains(ScopeSet::OPENID) || scope.contains(ScopeSet::OFFLINE_ACCESS))
}

/// The one rule for "may something be issued on this grant": the grant stands, and its account may hold tokens and is still in
/// the tenant in which the grant was made.
pub fn standing(snapshot: &GrantSnapshot) -> Result<(), GrantError> {
    if snapshot.grant.revoked_at.is_some() {
        return Err(GrantError::GrantRevoked);
    }
    let tenant = snapshot.subject.tenant.as_ref().map(|tenant| tenant.id);
    let moved = snapshot.grant.tenant.is_some() && snapshot.grant.tenant != tenant;
    if moved || !snapshot.subject.may_hold_tokens() {
        return Err(GrantError::AccountClosed);
    }
    Ok(())
}

/// Without `offline_access` a grant ends with its session; with it only sign-out and revocation end it, and those revoke the grant.
/// A session that began elsewhere may bound all that hangs on it.
pub fn in_session(snapshot: &GrantSnapshot, now: Timestamp) -> Result<(), GrantError> {
    let grant = &snapshot.grant;
    if snapshot.session.and_then(|session| session.grants_end_at).is_some_and(|end| now >= end) {
        return Err(GrantError::SessionEnded);
    }
    if grant.session.is_none() || grant.scope.contains(ScopeSet::OFFLINE_ACCESS) {
        return Ok(());
    }
    match snapshot.session {
        Some(session) if session.is_alive(now) => Ok(()),
        _ => Err(GrantError::SessionEnded),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        ids::{GrantId, SessionId, TenantId},
        session::AuthenticationMethod,
        store::{Grant, SessionEnd},
        subject::{AccountStatus, TenantRef},
        testing::{at, client, issuer, scopes, subject},
    };

    /// A grant of Alice to `app` that hangs on a session until two hours after the beginning.
    pub(crate) fn snapshot(scope: &str) -> GrantSnapshot {
        GrantSnapshot {
            grant: Grant {
                id: GrantId::from_uuid(uuid::Uuid::from_u128(7)),
                user: subject().id,
                client: client("app").key,
                tenant: None,
                session: Some(SessionId::from_uuid(uuid::Uuid::from_u128(8))),
                scope: scopes(scope),
                resources: vec![],
                authenticated_at: Some(at(-100)),
                methods: vec![AuthenticationMethod::Pwd],
                created_at: at(0),
                revoked_at: None,
            },
            subject: subject(),
            session: Some(SessionEnd {
                ended_at: None,
                idle_expires_at: at(7_200),
                expires_at: at(7_200),
                grants_end_at: None,
            }),
            token_revoked: false,
        }
    }

    /// S001-65: whoever signed in elsewhere proves there again who they are, whatever the client may do offline.
    #[test]
    fn a_session_may_bound_what_hangs_on_it() {
        for scope in ["read", "read offline_access"] {
            let mut bounded = snapshot(scope);
            bounded.session = bounded.session.map(|session| SessionEnd { grants_end_at: Some(at(3_600)), ..session });
            assert_eq!(in_session(&bounded, at(3_599)), Ok(()), "{scope}");
            assert_eq!(in_session(&bounded, at(3_600)), Err(GrantError::SessionEnded), "{scope}");
        }
    }

    /// RFC 6749 6; SECURITY.md row 17.
    #[test]
    fn a_scope_may_shrink_and_never_grow() {
        let granted = scopes("read write");
        assert_eq!(narrowed(&granted, None).unwrap(), granted);
        assert_eq!(narrowed(&granted, Some(&scopes("write"))).unwrap(), scopes("write"));
        for more in ["read admin", "openid", ""] {
            assert!(matches!(narrowed(&granted, Some(&scopes(more))), Err(TokenError::Scope)), "{more}");
        }
    }

    /// RFC 8707 2 and 2.2.
    #[test]
    fn resources_are_the_clients_audiences_or_invalid_target() {
        let mut app = client("app");
        app.audiences = vec!["https://a".into(), "https://b".into()];
        let of = |granted: &[&str], asked: &[&str], scope: &str| {
            let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
            audience(&app, &own(granted), &own(asked), &scopes(scope), &issuer()).ok()
        };
        let named = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[], &[], "read"), named(&["https://a"]), "the default");
        assert_eq!(of(&[], &["https://b"], "read"), named(&["https://b"]));
        assert_eq!(of(&["https://a", "https://b"], &[], "read"), named(&["https://a", "https://b"]));
        assert_eq!(of(&["https://a", "https://b"], &["https://b"], "read"), named(&["https://b"]), "narrowed");
        assert_eq!(of(&["https://a"], &["https://b"], "read"), None, "more than was granted");
        assert_eq!(of(&[], &["https://c"], "read"), None);
        assert_eq!(of(&["https://c"], &[], "read"), None, "taken from the client since");
        assert_eq!(of(&[], &["https://auth.example.com"], "read"), None, "not one of its audiences");
        assert_eq!(
            of(&[], &[], "openid"),
            named(&["https://a", "https://auth.example.com"]),
            "userinfo is answered here"
        );
    }

    proptest::proptest! {
        /// RFC 6749 6, RFC 9700 2.3: whatever is asked for, nothing is issued that was not granted.
        #[test]
        fn no_request_ever_widens_a_grant(granted in "[a-d]( [a-d]){0,4}", asked in "[a-f]( [a-f]){0,4}") {
            let (granted, asked) = (scopes(&granted), scopes(&asked));
            if let Ok(scope) = narrowed(&granted, Some(&asked)) {
                proptest::prop_assert!(scope.is_subset(&granted) && scope.is_subset(&asked));
            }
        }
    }

    #[test]
    fn a_client_without_audiences_gets_tokens_for_the_issuer() {
        let issuer = issuer();
        let ours = vec![issuer.as_str().to_owned()];
        assert_eq!(audience(&client("app"), &[], &[], &scopes("read"), &issuer).unwrap(), ours);
        assert_eq!(audience(&client("app"), &[], &ours, &scopes("read"), &issuer).unwrap(), ours);
    }

    /// OpenID Connect Core 11.
    #[test]
    fn openid_requests_need_offline_access_for_a_refresh_token() {
        let app = client("app");
        for (scope, expected) in [("read", true), ("openid read", false), ("openid offline_access", true)] {
            assert_eq!(refreshable(&app, &scopes(scope)), expected, "{scope}");
        }
        let without = Client { grant_types: vec![GrantType::AuthorizationCode], ..app };
        assert!(!refreshable(&without, &scopes("openid offline_access")));
    }

    /// SECURITY.md row 16.
    #[test]
    fn a_revoked_grant_and_a_closed_account_get_nothing() {
        let mut revoked = snapshot("read");
        revoked.grant.revoked_at = Some(at(0));
        assert_eq!(standing(&revoked), Err(GrantError::GrantRevoked));
        for status in [AccountStatus::Disabled, AccountStatus::Deleted] {
            let mut closed = snapshot("read");
            closed.subject.status = status;
            assert_eq!(standing(&closed), Err(GrantError::AccountClosed));
        }
        let mut locked = snapshot("read");
        locked.subject.is_locked = true;
        assert_eq!(standing(&locked), Err(GrantError::AccountClosed));
        assert_eq!(standing(&snapshot("read")), Ok(()));
    }

    /// SECURITY.md row 39.
    #[test]
    fn a_grant_does_not_follow_its_account_into_another_tenant() {
        let tenant = |number, active| TenantRef {
            id: TenantId::from_uuid(uuid::Uuid::from_u128(number)),
            slug: "acme".into(),
            active,
        };
        let mut snapshot = snapshot("read");
        snapshot.grant.tenant = Some(tenant(1, true).id);
        snapshot.subject.tenant = Some(tenant(1, true));
        assert_eq!(standing(&snapshot), Ok(()));
        for now in [Some(tenant(2, true)), Some(tenant(1, false)), None] {
            snapshot.subject.tenant = now;
            assert_eq!(standing(&snapshot), Err(GrantError::AccountClosed));
        }
    }

    #[test]
    fn without_offline_access_a_grant_ends_with_its_session() {
        let online = snapshot("read");
        assert_eq!(in_session(&online, at(7_199)), Ok(()));
        assert_eq!(in_session(&online, at(7_200)), Err(GrantError::SessionEnded));
        assert_eq!(in_session(&snapshot("read offline_access"), at(7_200)), Ok(()));
        assert_eq!(
            in_session(&GrantSnapshot { session: None, ..snapshot("read") }, at(0)),
            Err(GrantError::SessionEnded)
        );
    }
}
