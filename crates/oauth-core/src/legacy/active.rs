//! The one rule for "does this legacy token still count", and the one for "are such tokens still issued".

use super::{LegacyTokenSnapshot, jwt::LegacyToken};
use crate::{
    catalog::{Catalog, Switches},
    jws::TokenFault,
    subject::Subject,
    time::Timestamp,
};

/// Whether a verified token still counts, by its row, its account and the cut-off.
pub fn decide(
    token: &LegacyToken,
    row: &LegacyTokenSnapshot,
    switches: &Switches,
    now: Timestamp,
) -> Result<(), TokenFault> {
    // A token that the old program gave to an OAuth client is none of the legacy contract (C-14: client_id stays NULL).
    if row.kind != token.kind || row.bound_to_client {
        return Err(TokenFault::Kind);
    }
    if token.user.is_some_and(|user| user != row.account.subject.id) {
        return Err(TokenFault::Claim("sub"));
    }
    // The end of the migration ends every token of this kind, also one that was made in its last moment.
    if row.invalidated || switches.finalized {
        return Err(TokenFault::Revoked);
    }
    if now >= token.expires_at || now >= row.expires_at {
        return Err(TokenFault::Expired);
    }
    // After the cut-off none is issued any more: one that says otherwise was made by somebody who holds the old secret.
    if switches.legacy_tokens_until.is_some_and(|until| token.issued_at.is_none_or(|issued_at| issued_at >= until)) {
        return Err(TokenFault::Claim("iat"));
    }
    if row.account.is_locked || !row.account.subject.may_hold_tokens() {
        return Err(TokenFault::AccountClosed);
    }
    Ok(())
}

/// Whether legacy tokens are issued to this account now: not after the cut-off, and only while the doors are open for the
/// installation and the account's tenant (C-02), and for accounts of its age (S001-53).
pub fn are_issued(subject: &Subject, catalog: &Catalog, now: Timestamp) -> bool {
    let switches = &catalog.switches;
    let tenant = subject.tenant.as_ref().and_then(|tenant| catalog.tenant(tenant.id));
    switches.legacy_doors_are_open(now)
        && tenant.is_none_or(|tenant| tenant.legacy_login)
        && catalog.policies.mode_of(subject, now).admits_legacy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{LegacyTokenId, UserId},
        legacy::{LegacyAccount, LegacyTokenType},
        subject::AccountStatus,
        testing::{at, subject},
    };

    fn token() -> LegacyToken {
        LegacyToken {
            id: LegacyTokenId::parse("j").unwrap(),
            kind: LegacyTokenType::Access,
            user: Some(subject().id),
            issued_at: Some(at(0)),
            expires_at: at(60),
        }
    }

    fn row() -> LegacyTokenSnapshot {
        LegacyTokenSnapshot {
            id: token().id,
            kind: LegacyTokenType::Access,
            expires_at: at(60),
            invalidated: false,
            bound_to_client: false,
            account: LegacyAccount {
                subject: subject(),
                email: "alice@example.com".into(),
                username: "alice".into(),
                is_verified: true,
                is_locked: false,
                legacy_login: true,
                updated_at: at(-100),
            },
        }
    }

    #[test]
    fn a_token_counts_until_it_expires_by_claim_or_row() {
        let open = Switches::default();
        assert_eq!(decide(&token(), &row(), &open, at(59)), Ok(()));
        assert_eq!(decide(&token(), &row(), &open, at(60)), Err(TokenFault::Expired));
        let shorter = LegacyTokenSnapshot { expires_at: at(10), ..row() };
        assert_eq!(decide(&token(), &shorter, &open, at(10)), Err(TokenFault::Expired));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let open = Switches::default();
        let mut locked = row();
        locked.account.is_locked = true;
        let mut disabled = row();
        disabled.account.subject.status = AccountStatus::Disabled;
        let mut another = row();
        another.account.subject.id = UserId::from_uuid(uuid::Uuid::from_u128(1));
        for (row, fault) in [
            (LegacyTokenSnapshot { invalidated: true, ..row() }, TokenFault::Revoked),
            (LegacyTokenSnapshot { bound_to_client: true, ..row() }, TokenFault::Kind),
            (LegacyTokenSnapshot { kind: LegacyTokenType::Refresh, ..row() }, TokenFault::Kind),
            (locked, TokenFault::AccountClosed),
            (disabled, TokenFault::AccountClosed),
            (another, TokenFault::Claim("sub")),
        ] {
            assert_eq!(decide(&token(), &row, &open, at(0)), Err(fault));
        }
    }

    #[test]
    fn the_end_of_the_migration_ends_all() {
        let finalized = Switches { finalized: true, ..Switches::default() };
        assert_eq!(decide(&token(), &row(), &finalized, at(0)), Err(TokenFault::Revoked));
        assert!(!Switches { legacy_login_enabled: true, ..finalized }.legacy_doors_are_open(at(0)));
    }

    #[test]
    fn after_the_cut_off_only_tokens_issued_before_it_count() {
        let cut = |second| Switches { legacy_tokens_until: Some(at(second)), ..Switches::default() };
        assert_eq!(decide(&token(), &row(), &cut(1), at(30)), Ok(()));
        assert_eq!(decide(&token(), &row(), &cut(0), at(30)), Err(TokenFault::Claim("iat")));
        let silent = LegacyToken { issued_at: None, ..token() };
        assert_eq!(decide(&silent, &row(), &cut(1), at(30)), Err(TokenFault::Claim("iat")));
        assert_eq!(decide(&silent, &row(), &Switches::default(), at(30)), Ok(()));
    }
}
