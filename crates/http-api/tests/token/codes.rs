//! Codes: once, by their client, with their verifier, in their time (RFC 6749 4.1, RFC 7636 4.6).

use std::time::Duration;

use authly_admin_cases::client::ClientChange;
use authly_testkit::CodeFlow;

use crate::world::{EMAIL, active, other_client, parallel, refused, start};

/// SECURITY.md row 6; RFC 6749 4.1.2 "MUST NOT be used more than once".
#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_redemptions_of_one_code_give_exactly_one_answer() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let (mut won, mut lost) = (Vec::new(), 0);
    for answer in parallel(&app, &flow, &flow.redemption(&code), 50) {
        let (status, body) = answer.await.unwrap();
        if status == 200 {
            won.push(body);
        } else {
            assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
            lost += 1;
        }
    }
    assert_eq!((won.len(), lost), (1, 49));
    assert_eq!(
        app.userinfo(won[0]["access_token"].as_str().unwrap()).await.status,
        401,
        "replays revoked what was won"
    );
}

/// SECURITY.md row 7; RFC 6749 4.1.2 "SHOULD revoke (when possible) all tokens previously issued based on that authorization
/// code"; modules oidcc-codereuse and oidcc-codereuse-30seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_code_revokes_its_tokens_and_their_rotated_descendants() {
    for pause in [0, 30] {
        let (app, flow) = start().await;
        let code = flow.code(&mut app.browser(), EMAIL).await;
        let first = flow.redeem(&app, &code).await;
        let second = flow.refresh(&app, first.refresh()).await.json();
        let third = flow.refresh(&app, second["refresh_token"].as_str().unwrap()).await.json();
        let access: Vec<&str> =
            [&first.body, &second, &third].map(|tokens| tokens["access_token"].as_str().unwrap()).to_vec();
        for token in &access {
            assert_eq!(app.userinfo(token).await.status, 200);
            assert!(active(&app, &flow, token).await);
        }
        app.clock.advance(Duration::from_secs(pause));
        refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
        for token in access {
            assert_eq!(app.userinfo(token).await.status, 401, "after {pause} s");
            assert!(!active(&app, &flow, token).await);
        }
        for tokens in [&first.body, &second, &third] {
            let token = tokens["refresh_token"].as_str().unwrap();
            refused(&flow.refresh(&app, token).await, "invalid_grant");
            assert!(!active(&app, &flow, token).await);
        }
    }
}

/// SECURITY.md row 8; RFC 6749 4.1.3 "ensure that the authorization code was issued to the authenticated confidential client".
#[tokio::test(flavor = "multi_thread")]
async fn another_client_can_neither_use_nor_burn_a_code_or_refresh_token() {
    let (app, flow) = start().await;
    let thief = other_client(&app).await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    refused(&thief.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    let tokens = flow.redeem(&app, &code).await;
    refused(&thief.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    assert_eq!(app.userinfo(tokens.access()).await.status, 200, "a stranger's replay revokes nothing");
    refused(&thief.refresh(&app, tokens.refresh()).await, "invalid_grant");
    let next = flow.refresh(&app, tokens.refresh()).await;
    assert_eq!(next.status, 200, "the family lives");
    app.clock.advance(Duration::from_secs(11));
    refused(&thief.refresh(&app, tokens.refresh()).await, "invalid_grant");
    assert_eq!(flow.refresh(&app, next.json()["refresh_token"].as_str().unwrap()).await.status, 200);
    let public = CodeFlow { client_id: "app".to_owned(), secret: None, ..flow };
    let answer = public.refresh(&app, tokens.refresh()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")));
}

/// SECURITY.md rows 9 and 10; RFC 7636 4.1 and 4.6, RFC 9700 2.1.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_only_with_the_verifier_of_its_challenge() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    let verifier = flow.verifier.clone().unwrap();
    let with = |verifier: Option<&str>| {
        let flow = CodeFlow { verifier: None, ..flow.clone() };
        let mut form = flow.redemption(&code);
        form.extend(verifier.map(|verifier| ("code_verifier".to_owned(), verifier.to_owned())));
        form
    };
    let challenge = oauth_core::pkce::CodeVerifier::parse(&verifier).unwrap().challenge().to_text();
    for wrong in [
        None,
        Some(""),
        Some(&verifier[..42]),
        Some(&"v".repeat(43)),
        Some(&"v".repeat(129)),
        Some(&verifier.replace('a', "A")),
        Some(&format!("{verifier} ")),
        Some(&format!("{verifier}!")),
        Some(&*challenge),
    ] {
        refused(&flow.post_token(&app, &with(wrong)).await, "invalid_grant");
    }
    assert_eq!(flow.post_token(&app, &with(Some(&verifier))).await.status, 200, "failed attempts burnt nothing");
}

/// SECURITY.md row 9: a verifier without a challenge is a downgrade that somebody attempted.
#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_without_a_challenge_is_refused() {
    let (app, flow) = start().await;
    app.change_client(
        "app",
        ClientChange { pkce: Some(oauth_core::client::PkcePolicy::Exempt), ..ClientChange::default() },
    )
    .await;
    let bare = CodeFlow { verifier: None, ..flow.clone() };
    let code = bare.code(&mut app.browser(), EMAIL).await;
    refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    assert_eq!(bare.post_token(&app, &bare.redemption(&code)).await.status, 200);
    let code = flow.code(&mut app.browser(), EMAIL).await;
    refused(&bare.post_token(&app, &bare.redemption(&code)).await, "invalid_grant");
    assert_eq!(
        flow.post_token(&app, &flow.redemption(&code)).await.status,
        200,
        "an exempted client may still use PKCE"
    );
}

/// OAuth 2.1 4.1.3: redirect_uri is enforced when it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_at_the_token_endpoint_must_be_the_requests() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    for uri in ["https://app.example/cb/", "https://evil.example/cb", "https://app.example/cb?x"] {
        let other = CodeFlow { redirect_uri: uri.to_owned(), ..flow.clone() };
        refused(&flow.post_token(&app, &other.redemption(&code)).await, "invalid_grant");
    }
    let form: Vec<_> = flow.redemption(&code).into_iter().filter(|(name, _)| name != "redirect_uri").collect();
    assert_eq!(flow.post_token(&app, &form).await.status, 200);
}

/// SECURITY.md row 24.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_whole_or_not_at_all() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let spellings = |text: &str| {
        [
            text[..text.len() - 1].to_owned(),
            text[1..].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}.{text}"),
            text.to_uppercase(),
        ]
    };
    for wrong in spellings(&code) {
        refused(&flow.post_token(&app, &flow.redemption(&wrong)).await, "invalid_grant");
    }
    let tokens = flow.redeem(&app, &code).await;
    for wrong in spellings(tokens.refresh()) {
        let answer = flow.refresh(&app, &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(!active(&app, &flow, &wrong).await, "{wrong}");
    }
    for wrong in spellings(tokens.access()) {
        let request = app.http.get(app.at("/auth/userinfo")).header("authorization", format!("Bearer {wrong}"));
        let answer = app.send(request).await;
        assert!(answer.status == 401 || (wrong.starts_with(' ') && answer.status == 200), "{wrong}: {}", answer.status);
    }
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 200);
}

/// SECURITY.md row 58: expiry is judged at use, to the moment.
#[tokio::test(flavor = "multi_thread")]
async fn codes_and_tokens_end_when_they_say() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    app.clock.advance(Duration::from_secs(600));
    refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    let code = flow.code(&mut app.browser(), EMAIL).await;
    app.clock.advance(Duration::from_secs(599));
    let tokens = flow.redeem(&app, &code).await;
    assert_eq!(tokens.body["expires_in"], 1800);
    app.clock.advance(Duration::from_secs(1_799));
    assert_eq!(app.userinfo(tokens.access()).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    assert!(!active(&app, &flow, tokens.access()).await);
    app.clock.advance(Duration::from_secs(7 * 86_400 - 1_800));
    assert!(!active(&app, &flow, tokens.refresh()).await);
    refused(&flow.refresh(&app, tokens.refresh()).await, "invalid_grant");
}

/// DESIGN.md 4: without offline_access a refresh token ends with the session that it came from.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_ends_the_tokens_of_its_session() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
    let page = browser.open("/auth/logout").await;
    let csrf = page.hidden("csrf");
    let bye = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
    assert_eq!(bye.status, 303);
    refused(&flow.refresh(&app, tokens.refresh()).await, "invalid_grant");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
}
