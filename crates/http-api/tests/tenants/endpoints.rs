//! Made from the table of endpoints: every endpoint is asked with everything that an attacker of tenant A has for everything that names
//! tenant B. An endpoint that is added to the table is asked as well, without anybody having to remember it.

use std::collections::BTreeSet;

use authly_cutover::run::RunId;
use authly_directory::settings::{DirectorySettings, MailSending};
use authly_testkit::{Options, Page, TestApp, TestStore};
use oauth_core::endpoint::Endpoint;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    stores::{Kind, World, over_every_store},
    world::{Side, migrate, side},
};

over_every_store!(no_endpoint_shows_or_changes_anything_of_another_tenant);

/// Endpoints that are not there in this world, whoever asks: there is no provider (`upstream/tenants.rs` has one, over every store).
const NOT_HERE: [&str; 3] = ["/sign-in/upstream", "/sign-in/upstream/{provider}/callback", "/sign-in/upstream/logout"];

type Fields = Vec<(&'static str, String)>;

/// Everything that names something of a side, by every name that an endpoint reads.
fn names(of: &Side, run: RunId) -> Vec<Fields> {
    let group = format!("tenant_{}_users", of.slug);
    let single = [
        ("tenant", of.slug.to_owned()),
        ("tenant_id", of.id.to_string()),
        ("user", of.user.clone()),
        ("user_id", of.user.clone()),
        ("sub", of.user.clone()),
        ("account", of.user.clone()),
        ("account", of.email.clone()),
        ("email", of.email.clone()),
        ("identifier", of.email.clone()),
        ("login_hint", of.email.clone()),
        ("id_token_hint", of.tokens.text("id_token").to_owned()),
        ("token", of.tokens.access().to_owned()),
        ("token", of.tokens.refresh().to_owned()),
        ("session", of.session.clone()),
        ("application", of.application.clone()),
        ("client_id", of.client.clone()),
        ("group", group),
        ("row", of.row()),
        ("run", run.to_string()),
        ("reason", "email_taken".to_owned()),
        ("what", "tenants".to_owned()),
        ("what", "rows".to_owned()),
    ];
    let mut names: Vec<Fields> = single.into_iter().map(|pair| vec![pair]).collect();
    let refresh = ("refresh_token", of.tokens.refresh().to_owned());
    names.push(vec![("grant_type", "refresh_token".to_owned()), refresh]);
    for (target, name) in [("tenant", of.slug.to_owned()), ("account", of.email.clone()), ("run", run.to_string())] {
        names.push(vec![("target", target.to_owned()), ("name", name.clone()), ("confirm", name)]);
    }
    names
}

/// An answer, and what was asked for.
struct Answer {
    sent: Fields,
    page: Page,
}

/// Asks once for everything that names the other side, with everything that this side holds.
async fn ask<S: TestStore>(
    app: &TestApp<S>,
    endpoint: Endpoint,
    method: &Method,
    own: &mut Side,
    names: &[Fields],
) -> Vec<Answer> {
    let mut answers = Vec::new();
    let at = app.at(endpoint.path());
    let secret = own.secret.clone();
    let legacy = own.legacy["access_token"].as_str().unwrap().to_owned();
    let csrf = own.browser.open("/account").await.hidden("csrf");
    for sent in names {
        let mut pages = Vec::new();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        let with_query = format!("{at}?{query}");
        let members: serde_json::Map<_, _> =
            sent.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        for bearer in [own.tokens.access(), legacy.as_str()] {
            let request = app.http.request(method.clone(), &with_query).bearer_auth(bearer);
            pages.push(app.send(request).await);
            if *method == Method::POST {
                pages.push(app.send(app.http.post(&at).bearer_auth(bearer).json(&members)).await);
                pages.push(app.send(app.http.post(&at).bearer_auth(bearer).form(sent)).await);
            }
        }
        if *method == Method::POST {
            pages.push(app.send(app.http.post(&at).basic_auth(&own.client, Some(&secret)).form(sent)).await);
            // A form of our own page, filled in with what is another's.
            let mut fields: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
            fields.push(("csrf", &csrf));
            pages.push(own.browser.clone().post(endpoint.path(), &fields).await);
        } else {
            pages.push(own.browser.clone().get(&format!("{}?{query}", endpoint.path())).await);
        }
        answers.extend(pages.into_iter().map(|page| Answer { sent: sent.clone(), page }));
    }
    answers
}

impl Answer {
    /// The body without what was sent coming back in a field or in an address, which tells nothing.
    fn told(&self) -> String {
        let mut body = self.page.body.clone();
        for (_, value) in &self.sent {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            for echo in [format!("value=\"{value}\""), format!("={encoded}")] {
                body = body.replace(&echo, "");
            }
        }
        body
    }

    /// Whoever names a client of the other side gets its sign-in page, as everybody does, and that says whose it is.
    fn opens_the_sign_in_page_of(&self, other: &Side) -> bool {
        self.sent.iter().any(|(name, value)| *name == "client_id" && *value == other.client) && self.page.is_sign_in()
    }

    fn headers_tell(&self, mark: &str) -> bool {
        let echo = self.sent.iter().any(|(_, value)| value == mark);
        !echo && self.page.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains(mark)))
    }
}

/// The other side as far as this side can change it.
async fn state<S: TestStore>(app: &TestApp<S>, of: &Side) -> Value {
    let user = app.app.admin.user(&of.user).await.unwrap();
    let client = app.app.admin.client(&of.client).await.unwrap();
    let groups = app.services.store.groups(Some(of.id)).await.unwrap();
    let alive = app.userinfo(of.tokens.access()).await.status.as_u16();
    let legacy = app.http.get(app.at("/api/v1/users/me")).bearer_auth(of.legacy["access_token"].as_str().unwrap());
    let legacy = app.send(legacy).await.status.as_u16();
    let session = of.browser.clone().get("/account").await.status.as_u16();
    let elsewhere = of.elsewhere.clone().get("/account").await.status.as_u16();
    json!([user, client, format!("{groups:?}"), alive, legacy, session, elsewhere])
}

async fn no_endpoint_shows_or_changes_anything_of_another_tenant<K: Kind>() {
    // Every endpoint answers, those that are off by default too.
    let engine = |settings: &mut oauth_core::settings::Settings| settings.first_party_challenge = true;
    let directory = |settings: &mut DirectorySettings| settings.mail.sending = MailSending::On;
    let (engine, directory) = (Some(Box::new(engine) as _), Some(Box::new(directory) as _));
    let app = World::<K>::with(Options { engine, directory, ..Options::default() }).await;
    let (mut own, other) = (side(&app, "a").await, side(&app, "b").await);
    let run = migrate(&app, &app.target, [&own, &other]).await;
    let names = names(&other, run);
    let before = state(&app, &other).await;
    for alive in 3..7 {
        assert_eq!(before[alive], 200, "the other side is alive: {before}");
    }
    let mut nowhere = BTreeSet::new();
    for endpoint in Endpoint::ALL.iter().copied() {
        let mut is_there = false;
        for method in endpoint.methods() {
            let method: Method = method.parse().unwrap();
            for answer in ask(&app, endpoint, &method, &mut own, &names).await {
                let (page, told) = (&answer.page, answer.told());
                is_there |= page.status.as_u16() != 404;
                for mark in other.marks() {
                    if answer.opens_the_sign_in_page_of(&other) && mark == other.application_name() {
                        continue;
                    }
                    assert!(!told.contains(&mark), "{method} {endpoint:?} {:?} tells {mark}: {told}", answer.sent);
                    assert!(
                        !answer.headers_tell(&mark),
                        "{method} {endpoint:?} {:?} tells {mark} in a header",
                        answer.sent
                    );
                }
                assert!(!page.status.is_server_error(), "{method} {endpoint:?} {:?}: {}", answer.sent, page.body);
            }
        }
        if !is_there {
            nowhere.insert(endpoint.path());
        }
        let after = state(&app, &other).await;
        assert_eq!(after, before, "{endpoint:?} changed the other tenant");
    }
    assert_eq!(nowhere, BTreeSet::from(NOT_HERE), "everything else answered");
    assert_eq!(own.browser.get("/account").await.status.as_u16(), 200, "until the end somebody was asking");
}
