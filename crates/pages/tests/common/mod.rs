//! A frame, and every page with one text in each place that takes one.

mod migration;

use authly_pages::*;

use self::migration::{board, place, taking_back};

/// An English frame.
pub(crate) fn frame<'a>() -> Frame<'a> {
    Frame { request_id: "req-1", ..Frame::new(Locale::negotiate(["en"]), "Northwind") }
}

/// Every page with one text in each place that takes one.
pub(crate) fn everything(text: &str, frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let client = Client {
        name: text,
        logo: Some(text),
        host: Some(text),
        policy: HttpsLink::parse(text),
        terms: HttpsLink::parse(text),
    };
    let sign_in_view = SignIn {
        action: "/sign-in",
        request: text,
        csrf: text,
        client: Some(client),
        identifier: text,
        notice: Some(SignInNotice::Failed),
        offer_remember: true,
        offer_cancel: true,
        upstreams: &[UpstreamOffer { provider: text, url: "/sign-in/upstream?provider=corp", is_up: false }],
        ..SignIn::default()
    };
    let scopes = [
        Scope { name: text, description: text, sensitive: true, granted: true },
        Scope { name: text, ..Scope::default() },
    ];
    let accounts = [KnownAccount { value: text, name: text, detail: text, signed_in: false }];
    let parameters = [Parameter { name: text, value: text }];
    let claims = [Claim { name: text, value: text, note: Some(text) }];
    let tokens = [
        Token { kind: TokenKind::Id, raw: text, header: &claims, claims: &claims },
        Token { kind: TokenKind::Refresh, raw: text, header: &[], claims: &[] },
    ];
    let fields = [(text, text)];
    vec![
        ("sign-in", sign_in(&sign_in_view, frame)),
        ("sign-in-again", sign_in(&SignIn { reauthenticate: true, notice: None, ..sign_in_view }, frame)),
        (
            "consent",
            consent(
                &Consent {
                    action: "/consent",
                    request: text,
                    csrf: text,
                    client,
                    account: text,
                    switch_url: None,
                    scopes: &scopes,
                    redirect_host: text,
                },
                frame,
            ),
        ),
        (
            "chooser",
            chooser(
                &Chooser {
                    action: "/",
                    request: text,
                    csrf: text,
                    client: Some(client),
                    accounts: &accounts,
                    same_password: true,
                },
                frame,
            ),
        ),
        (
            "register",
            register(
                &Register {
                    action: "/register",
                    request: text,
                    csrf: text,
                    client: Some(client),
                    email: text,
                    username: text,
                    password_min: 8,
                    errors: &[
                        RegisterError::EmailInvalid,
                        RegisterError::UsernameInvalid,
                        RegisterError::PasswordSimple,
                    ],
                    sign_in_url: None,
                },
                frame,
            ),
        ),
        (
            "sign-out",
            sign_out(&SignOut { action: "/", request: text, csrf: text, account: text, client: Some(client) }, frame),
        ),
        ("signed-out", signed_out(&SignedOut::default(), frame)),
        (
            "signed-out-elsewhere",
            signed_out(
                &SignedOut { sign_in_url: Some("/"), elsewhere: Some(UpstreamFarewell { provider: text, url: "/" }) },
                frame,
            ),
        ),
        (
            "form-post",
            form_post(
                &FormPost {
                    target: FormTarget::parse("https://app.example/cb").unwrap(),
                    fields: &fields,
                    client: text,
                },
                frame,
            ),
        ),
        (
            "error",
            error_page(
                &ErrorPage { problem: Problem::UnknownClient, code: Some("invalid_client"), way_on: None },
                frame,
            ),
        ),
        (
            "forgot-password",
            forgot_password(
                &ForgotPassword {
                    action: "/forgot-password",
                    request: text,
                    csrf: text,
                    identifier: text,
                    notice: None,
                    sign_in_url: "/sign-in",
                },
                frame,
            ),
        ),
        ("set-password", set_password(&set_password_view(text), frame)),
        (
            "set-password-poor",
            set_password(&SetPassword { error: Some(SetPasswordError::Short), ..set_password_view(text) }, frame),
        ),
        (
            "set-password-verifying",
            set_password(&SetPassword { reached_by: ReachedBy::Verification, ..set_password_view(text) }, frame),
        ),
        (
            "verify-address",
            verify_address(
                &VerifyAddress { notice: Some(MailNotice::TooMany { seconds: 3 }), ..verify_view(text, None) },
                frame,
            ),
        ),
        ("verify-address-password", verify_address(&verify_view(text, Some("/verify-email")), frame)),
        (
            "verify-address-wrong",
            verify_address(&VerifyAddress { wrong_password: true, ..verify_view(text, Some("/verify-email")) }, frame),
        ),
        (
            "invitation",
            invitation(
                &Invitation { action: "/invitation", csrf: text, token: text, account: text, notice: None },
                frame,
            ),
        ),
        (
            "invitation-unverified",
            verify_address(&VerifyAddress { invited: true, ..verify_view(text, Some("/invitation")) }, frame),
        ),
        (
            "invitation-set-password",
            set_password(&SetPassword { reached_by: ReachedBy::Invitation, ..set_password_view(text) }, frame),
        ),
        ("invitation-over", mail_note(&MailNote { note: Note::InvitationOver, way_on: Some("/sign-in") }, frame)),
        ("verified", mail_note(&MailNote { note: Note::Verified(text), way_on: Some("/sign-in") }, frame)),
        ("link-over", mail_note(&MailNote { note: Note::PasswordLinkOver, way_on: None }, frame)),
        ("busy", busy(&Busy { seconds: 3, retry_url: None }, frame)),
        ("not-found", not_found(None, frame)),
        (
            "home",
            home(
                &Home {
                    issuer: text,
                    metadata_url: "/m",
                    account_url: None,
                    endpoints: &[Endpoint { name: text, url: text }],
                    development: Some(Development { demo_url: "/demo", store: text, version: text }),
                },
                frame,
            ),
        ),
        (
            "demo",
            demo_start(
                &DemoStart {
                    action: "/",
                    csrf: text,
                    client_id: text,
                    redirect_uri: text,
                    scope: text,
                    error: Some((text, text)),
                },
                frame,
            ),
        ),
        (
            "demo-result",
            demo_result(
                &DemoResult {
                    action: "/",
                    csrf: text,
                    account: text,
                    authorize_url: text,
                    request: &parameters,
                    response: &parameters,
                    token_url: text,
                    token_request: &parameters,
                    token_response: text,
                    tokens: &tokens,
                    call: Some(Call { step: text, request: text, parameters: &parameters, status: 200, body: text }),
                    can_refresh: true,
                },
                frame,
            ),
        ),
        (
            "account",
            account(
                &Account {
                    base: "/account",
                    csrf: text,
                    name: text,
                    email: text,
                    username: text,
                    has_password: true,
                    password_min: 8,
                    sign_out_url: "/out",
                    sessions: &[Session { value: text, browser: text, address: text, last_used: text, current: false }],
                    connections: &[Connection {
                        value: text,
                        name: text,
                        permissions: &[Scope { name: text, description: text, ..Scope::default() }],
                        since: text,
                    }],
                    offer_verification: true,
                    migration_url: Some("/admin/migration"),
                    notice: Some(AccountNotice::PasswordRefused(AccountPasswordError::Wrong)),
                },
                frame,
            ),
        ),
        ("migration", migration(&board(text), frame)),
        (
            "migration-before",
            migration(&Migration { place: place(text), measured_at: text, ..Migration::default() }, frame),
        ),
        (
            "migration-rows",
            migration_rows(
                &MigrationRows {
                    place: place(text),
                    kind: text,
                    reason: text,
                    rows: &[WaitingRow {
                        source: text,
                        source_id: text,
                        kind: text,
                        reason: text,
                        flaws: &[(text, text)],
                        label: text,
                        tenant: text,
                        since: text,
                    }],
                    more: Some("/admin/migration/rows?after=1"),
                },
                frame,
            ),
        ),
        (
            "migration-ledger",
            migration_ledger(
                &MigrationLedger {
                    place: place(text),
                    account: text,
                    row: text,
                    run: text,
                    lines: Some(&[LedgerLine {
                        at: text,
                        run: text,
                        number: 1,
                        source: text,
                        source_id: text,
                        account: text,
                        action: text,
                        outcome: text,
                        reason: text,
                        columns: text,
                        undone: true,
                    }]),
                    unreadable: true,
                    more: Some("/admin/migration/ledger?run=1"),
                },
                frame,
            ),
        ),
        ("migration-rollback", migration_rollback(&taking_back(text), frame)),
    ]
}

fn set_password_view(text: &str) -> SetPassword<'_> {
    SetPassword {
        action: "/reset-password",
        csrf: text,
        token: text,
        account: text,
        password_min: 8,
        ..SetPassword::default()
    }
}

fn verify_view<'a>(text: &'a str, new_password_url: Option<&'a str>) -> VerifyAddress<'a> {
    VerifyAddress {
        action: "/verify-email",
        csrf: text,
        token: text,
        address: text,
        new_password_url,
        ..VerifyAddress::default()
    }
}
