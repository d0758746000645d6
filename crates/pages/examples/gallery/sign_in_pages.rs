//! Signing in and registering.

use authly_pages::*;

use super::{CLIENT, plain_sign_in};

const UP: [UpstreamOffer<'_>; 2] =
    [offer("Corp", true), offer("Zentrale Anmeldung der Vereinigten Stadtwerke Nord", false)];
const AWAY: [UpstreamOffer<'_>; 1] = [offer("Corp", false)];

const fn offer(provider: &str, is_up: bool) -> UpstreamOffer<'_> {
    UpstreamOffer { provider, url: "/sign-in/upstream", is_up }
}

pub(super) fn sign_in_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let plain = plain_sign_in();
    let long = "Gesellschaft für angewandte Kalenderwissenschaften und Terminvereinbarungen mit beschränkter Haftung (中文名称很长的应用程序)";
    let mail = format!("{}@{}.example", "ada.lovelace".repeat(12), "analytical-engine".repeat(8));
    vec![
        ("sign-in", sign_in(&plain, frame)),
        ("sign-in-providers", sign_in(&SignIn { upstreams: &UP, ..plain }, frame)),
        (
            "sign-in-away",
            sign_in(&SignIn { upstreams: &AWAY, notice: Some(SignInNotice::UpstreamAway), ..plain }, frame),
        ),
        ("sign-in-alone", sign_in(&SignIn { client: None, register_url: None, forgot_url: None, ..plain }, frame)),
        (
            "sign-in-failed",
            sign_in(&SignIn { identifier: "ada@example.com", notice: Some(SignInNotice::Failed), ..plain }, frame),
        ),
        (
            "sign-in-too-many",
            sign_in(
                &SignIn { identifier: "ada@example.com", notice: Some(SignInNotice::TooMany { seconds: 30 }), ..plain },
                frame,
            ),
        ),
        (
            "sign-in-again",
            sign_in(
                &SignIn {
                    identifier: "ada@example.com",
                    reauthenticate: true,
                    switch_url: Some("/switch"),
                    offer_remember: false,
                    offer_cancel: true,
                    register_url: None,
                    ..plain
                },
                frame,
            ),
        ),
        (
            "sign-in-long",
            sign_in(&SignIn { client: Some(Client { name: long, ..CLIENT }), identifier: &mail, ..plain }, frame),
        ),
        (
            "register",
            register(
                &Register {
                    client: Some(CLIENT),
                    password_min: 12,
                    sign_in_url: Some("/sign-in"),
                    ..Register::default()
                },
                frame,
            ),
        ),
        (
            "register-errors",
            register(
                &Register {
                    email: "ada@",
                    username: "a b",
                    password_min: 12,
                    errors: &[
                        RegisterError::EmailInvalid,
                        RegisterError::UsernameInvalid,
                        RegisterError::PasswordShort,
                    ],
                    sign_in_url: Some("/sign-in"),
                    ..Register::default()
                },
                frame,
            ),
        ),
        (
            "chooser",
            chooser(
                &Chooser {
                    client: Some(CLIENT),
                    accounts: &[
                        KnownAccount { value: "1", name: "Ada Lovelace", detail: "ada@example.com", signed_in: true },
                        KnownAccount {
                            value: "2",
                            name: "محمد بن موسى",
                            detail: "algorithm@example.com",
                            signed_in: false,
                        },
                    ],
                    ..Chooser::default()
                },
                frame,
            ),
        ),
    ]
}
