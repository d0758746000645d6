//! The pages around mails and their links.

use authly_pages::*;

pub(super) fn mail_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    vec![
        (
            "forgot-password",
            forgot_password(&ForgotPassword { sign_in_url: "/sign-in", ..ForgotPassword::default() }, frame),
        ),
        (
            "forgot-password-too-many",
            forgot_password(
                &ForgotPassword {
                    identifier: "ada",
                    notice: Some(MailNotice::TooMany { seconds: 30 }),
                    sign_in_url: "/sign-in",
                    ..ForgotPassword::default()
                },
                frame,
            ),
        ),
        (
            "set-password",
            set_password(
                &SetPassword { account: "ada@example.com", password_min: 12, ..SetPassword::default() },
                frame,
            ),
        ),
        (
            "set-password-poor",
            set_password(
                &SetPassword {
                    account: "ada@example.com",
                    password_min: 12,
                    error: Some(SetPasswordError::Short),
                    ..SetPassword::default()
                },
                frame,
            ),
        ),
        (
            "set-password-verifying",
            set_password(
                &SetPassword {
                    account: "ada@example.com",
                    password_min: 12,
                    reached_by: ReachedBy::Verification,
                    ..SetPassword::default()
                },
                frame,
            ),
        ),
        ("verify-address", verify_address(&verifying(), frame)),
        ("verify-address-wrong", verify_address(&VerifyAddress { wrong_password: true, ..verifying() }, frame)),
        ("verify-address-signed-in", verify_address(&VerifyAddress { new_password_url: None, ..verifying() }, frame)),
        (
            "invitation-unverified",
            verify_address(
                &VerifyAddress { invited: true, new_password_url: Some("/invitation"), ..verifying() },
                frame,
            ),
        ),
        ("check-mail", mail_note(&MailNote { note: Note::PasswordLinkSent, way_on: Some("/sign-in") }, frame)),
        ("link-over", mail_note(&MailNote { note: Note::PasswordLinkOver, way_on: Some("/forgot") }, frame)),
    ]
}

fn verifying() -> VerifyAddress<'static> {
    VerifyAddress { address: "ada@example.com", new_password_url: Some("/verify-email"), ..VerifyAddress::default() }
}
