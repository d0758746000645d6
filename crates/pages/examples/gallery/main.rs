//! Writes every page with representative data into a folder, to look at: `cargo run -p authly-pages --example gallery -- <folder>`.

mod mail;
mod migration;
mod sign_in_pages;

use std::{env, error::Error, fs, path::Path};

use authly_pages::*;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    for asset in assets() {
        let path = folder.join(asset.path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().ok_or("an asset has no folder")?)?;
        fs::write(path, asset.bytes)?;
    }
    for locale in Locale::all() {
        let frame = Frame { asset_prefix: ".", request_id: "01JDN4Y7T6W8", ..Frame::new(locale, "Northwind") };
        for (name, html) in pages(&frame) {
            fs::write(folder.join(format!("{name}.{}.html", locale.tag())), html)?;
        }
    }
    let theme = Accent::parse("#f2b705")?.theme();
    let path = folder.join(theme.path().trim_start_matches('/'));
    fs::create_dir_all(path.parent().ok_or("the theme has no folder")?)?;
    fs::write(path, theme.css())?;
    let frame =
        Frame { theme: Some(&theme), asset_prefix: ".", ..Frame::new(Locale::negotiate(["en"]), "Sonnenblume") };
    fs::write(folder.join("themed.en.html"), sign_in(&plain_sign_in(), &frame))?;
    Ok(())
}

const CORP: UpstreamFarewell<'_> = UpstreamFarewell { provider: "The Corp", url: "https://login.corp.example/end" };
const CLIENT: Client<'_> =
    Client { name: "Acme Calendar", logo: None, host: Some("calendar.acme.example"), policy: None, terms: None };

fn plain_sign_in() -> SignIn<'static> {
    SignIn {
        action: "/sign-in",
        request: "r",
        csrf: "c",
        client: Some(CLIENT),
        offer_remember: true,
        register_url: Some("/register"),
        forgot_url: Some("/forgot"),
        ..SignIn::default()
    }
}

fn pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let mut pages = sign_in_pages::sign_in_pages(frame);
    pages.extend(mail::mail_pages(frame));
    pages.extend(migration::migration_pages(frame));
    pages.extend(consent_pages(frame));
    pages.extend(other_pages(frame));
    pages.extend(demo_pages(frame));
    pages.push(("account", account_page(frame)));
    pages
}

fn consent_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let scopes = [
        Scope { name: "openid", ..Scope::default() },
        Scope { name: "profile", ..Scope::default() },
        Scope { name: "email", granted: true, ..Scope::default() },
        Scope { name: "offline_access", sensitive: true, ..Scope::default() },
    ];
    let names: Vec<String> = (1..=30).map(|n| format!("files.folder{n}.read")).collect();
    let thirty: Vec<Scope<'_>> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Scope {
            name,
            description: if n % 3 == 0 { "Read the files in a folder that you have shared with the team" } else { "" },
            sensitive: n == 4,
            granted: n == 1,
        })
        .collect();
    let plain = Consent {
        action: "/consent",
        request: "r",
        csrf: "c",
        client: Client {
            policy: HttpsLink::parse("https://calendar.acme.example/privacy"),
            terms: HttpsLink::parse("https://calendar.acme.example/terms"),
            ..CLIENT
        },
        account: "ada@example.com",
        switch_url: Some("/switch"),
        scopes: &scopes,
        redirect_host: "calendar.acme.example",
    };
    vec![
        ("consent", consent(&plain, frame)),
        (
            "consent-thirty",
            consent(
                &Consent {
                    scopes: &thirty,
                    client: Client {
                        name: "Zentrale Dokumentenverwaltung der Vereinigten Stadtwerke Nord",
                        host: None,
                        ..CLIENT
                    },
                    account: "王小明 ada.lovelace.of.the.analytical.engine@a-rather-long-domain-name.example",
                    ..plain
                },
                frame,
            ),
        ),
    ]
}

fn other_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let endpoints = [
        Endpoint { name: "authorization_endpoint", url: "http://localhost:8000/authorize" },
        Endpoint { name: "token_endpoint", url: "http://localhost:8000/auth/token" },
        Endpoint { name: "jwks_uri", url: "http://localhost:8000/.well-known/jwks.json" },
    ];
    let plain = Home {
        issuer: "http://localhost:8000",
        metadata_url: "http://localhost:8000/.well-known/openid-configuration",
        account_url: Some("/account"),
        endpoints: &endpoints,
        development: None,
    };
    let development = Some(Development { demo_url: "/demo", store: "./authly-data/authly.db", version: "0.1.0" });
    let error = ErrorPage {
        problem: Problem::RedirectMismatch,
        code: Some("invalid_request: redirect_uri is not registered for this client"),
        way_on: None,
    };
    vec![
        ("home", home(&plain, frame)),
        ("home-development", home(&Home { development, ..plain }, frame)),
        ("error", error_page(&error, frame)),
        (
            "error-expired",
            error_page(&ErrorPage { problem: Problem::RequestExpired, code: None, way_on: Some("/") }, frame),
        ),
        ("error-internal", error_page(&ErrorPage { problem: Problem::Internal, code: None, way_on: Some("/") }, frame)),
        ("busy", busy(&Busy { seconds: 5, retry_url: Some("/") }, frame)),
        ("not-found", not_found(Some("/"), frame)),
        (
            "sign-out",
            sign_out(
                &SignOut {
                    account: "ada@example.com",
                    client: Some(CLIENT),
                    action: "/sign-out",
                    request: "r",
                    csrf: "c",
                },
                frame,
            ),
        ),
        ("signed-out", signed_out(&SignedOut { sign_in_url: Some("/sign-in"), elsewhere: None }, frame)),
        ("signed-out-elsewhere", signed_out(&SignedOut { sign_in_url: Some("/"), elsewhere: Some(CORP) }, frame)),
        (
            "form-post",
            FormTarget::parse("https://calendar.acme.example/cb").map_or_else(String::new, |target| {
                // Kept from going away, so that it can be looked at.
                form_post(
                    &FormPost { target, fields: &[("code", "abc"), ("state", "x")], client: "Acme Calendar" },
                    frame,
                )
                .replace("form-post.js", "off.js")
            }),
        ),
    ]
}

fn demo_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    const ACCESS: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEifQ.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjgwMDAiLCJzdWIiOiIwMTkzIn0.MEUCIQDx";
    let p = |name, value| Parameter { name, value };
    let c = |name, value| Claim { name, value, note: None };
    let t = |name, value| Claim { name, value, note: Some("2026-11-20 23:39:26 UTC") };
    let start = DemoStart {
        action: "/demo/start",
        csrf: "c",
        client_id: "authly-demo",
        redirect_uri: "http://localhost:8000/demo/callback",
        scope: "openid profile email offline_access",
        error: None,
    };
    let request = [
        p("response_type", "code"),
        p("client_id", "authly-demo"),
        p("redirect_uri", "http://localhost:8000/demo/callback"),
        p("scope", "openid profile email offline_access"),
        p("state", "0Pn9gS2Zc1xkq4m8yVt7Aw"),
        p("nonce", "sT5Zr7aVqk0cO2b4Jw1xGg"),
        p("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        p("code_challenge_method", "S256"),
    ];
    let response =
        [p("code", "yT2m5vOeY8Yw6q"), p("state", "0Pn9gS2Zc1xkq4m8yVt7Aw"), p("iss", "http://localhost:8000")];
    let token_request = [
        p("grant_type", "authorization_code"),
        p("code", "yT2m5vOeY8Yw6q"),
        p("redirect_uri", "http://localhost:8000/demo/callback"),
        p("client_id", "authly-demo"),
        p("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    let id_claims = [
        c("iss", "\"http://localhost:8000\""),
        c("sub", "\"01934c2e-7d1a-7c60-9f5e-2b8a4f1c6d3e\""),
        c("aud", "\"authly-demo\""),
        t("exp", "1795311566"),
        t("iat", "1795307966"),
        t("auth_time", "1795307950"),
        c("nonce", "\"sT5Zr7aVqk0cO2b4Jw1xGg\""),
        c("amr", "[\"pwd\"]"),
        c("email", "\"ada@example.com\""),
        c("email_verified", "true"),
    ];
    let access_claims = [
        c("iss", "\"http://localhost:8000\""),
        c("sub", "\"01934c2e-7d1a-7c60-9f5e-2b8a4f1c6d3e\""),
        c("aud", "\"http://localhost:8000\""),
        t("exp", "1795308866"),
        t("iat", "1795307966"),
        c("jti", "\"01934c2e-8f00-7d11-a1b2-c3d4e5f60718\""),
        c("client_id", "\"authly-demo\""),
        c("scope", "\"openid profile email offline_access\""),
    ];
    let header = [c("alg", "\"ES256\""), c("typ", "\"at+jwt\""), c("kid", "\"2026-11\"")];
    let tokens = [
        Token { kind: TokenKind::Id, raw: ACCESS, header: &header, claims: &id_claims },
        Token { kind: TokenKind::Access, raw: ACCESS, header: &header, claims: &access_claims },
        Token {
            kind: TokenKind::Refresh,
            raw: "rt_5hZ0qGxqv1rXyT2m5vOeY8Yw6qkQ0Pn9gS2Zc1xkq4m",
            header: &[],
            claims: &[],
        },
    ];
    let parameters = [p("token", "eyJhbGciOiJFUzI1NiIs…"), p("client_id", "authly-demo")];
    let result = DemoResult {
        action: "/demo/step",
        csrf: "c",
        account: "ada@example.com",
        authorize_url: "http://localhost:8000/authorize",
        request: &request,
        response: &response,
        token_url: "http://localhost:8000/auth/token",
        token_request: &token_request,
        token_response: "{\n  \"access_token\": \"eyJhbGciOiJFUzI1NiIs…\",\n  \"token_type\": \"Bearer\",\n  \"expires_in\": 900,\n  \"refresh_token\": \"rt_5hZ0qGxqv1r…\",\n  \"scope\": \"openid profile email offline_access\",\n  \"id_token\": \"eyJhbGciOiJSUzI1NiIs…\"\n}",
        tokens: &tokens,
        call: None,
        can_refresh: true,
    };
    let call = Call {
        step: "introspect",
        request: "POST http://localhost:8000/auth/introspect",
        parameters: &parameters,
        status: 200,
        body: "{\n  \"active\": true,\n  \"scope\": \"openid profile email offline_access\",\n  \"client_id\": \"authly-demo\"\n}",
    };
    vec![
        ("demo", demo_start(&start, frame)),
        (
            "demo-refused",
            demo_start(&DemoStart { error: Some(("access_denied", "The request was denied.")), ..start }, frame),
        ),
        ("demo-result", demo_result(&result, frame)),
        ("demo-call", demo_result(&DemoResult { call: Some(call), ..result }, frame)),
    ]
}

fn account_page(frame: &Frame<'_>) -> String {
    account(
        &Account {
            base: "/account",
            csrf: "c",
            name: "Ada Lovelace",
            email: "ada@example.com",
            username: "ada",
            has_password: true,
            password_min: 12,
            sign_out_url: "/auth/logout",
            sessions: &[
                Session {
                    value: "1",
                    browser: "Firefox on Linux",
                    address: "203.0.113.7",
                    last_used: "2026-11-20T23:39:26Z",
                    current: true,
                },
                Session {
                    value: "2",
                    browser: "Safari on iPhone",
                    address: "2001:db8::7",
                    last_used: "2026-11-19T07:02:11Z",
                    current: false,
                },
            ],
            connections: &[Connection {
                value: "1",
                name: "Acme Calendar",
                permissions: &[
                    Scope { name: "openid", ..Scope::default() },
                    Scope { name: "email", ..Scope::default() },
                ],
                since: "2026-10-01T08:00:00Z",
            }],
            offer_verification: true,
            migration_url: None,
            notice: Some(AccountNotice::PasswordChanged),
        },
        frame,
    )
}
