//! Clients that know passwords only notice nothing (S000-57..60).

use serde_json::{Value, json};

use crate::{Expected, Part, Person, Target, Unreachable};

/// Tries the legacy contract as `person`; `newcomer` registers where that is open, and is to be removed afterwards.
pub async fn compatibility(
    target: &Target,
    expected: Expected,
    person: &Person,
    newcomer: Option<&Person>,
) -> Result<Part, Unreachable> {
    let mut part = Part::new("compatibility");
    if expected.finalized {
        return closed(target, person, part).await;
    }
    if expected.legacy {
        grants(target, person, &mut part).await?;
    } else {
        part.skip("password grant", expected.why_not());
    }
    let Some(newcomer) = newcomer else {
        part.skip("registration", "a mail would be sent");
        return Ok(part);
    };
    let body = json!({
        "email": newcomer.email, "username": newcomer.email, "password": newcomer.password.expose(),
    });
    let answer = target.post("/auth/register", &body).await?;
    let status = if expected.registration { 201 } else { 403 };
    part.expect(format!("registration answers {status}"), answer.status == status, answer.told());
    Ok(part)
}

/// After the end of the migration every old door says so (C-06), whatever the switches say.
async fn closed(target: &Target, person: &Person, mut part: Part) -> Result<Part, Unreachable> {
    let answer = target.password_grant(person).await?;
    let refused = answer.told() == "400 unsupported_grant_type";
    part.expect(
        "the migration is finalized: the password grant answers 400 unsupported_grant_type",
        refused,
        answer.told(),
    );
    let body = json!({ "email": person.email, "password": person.password.expose() });
    for door in ["/auth/register", "/auth/refresh"] {
        let answer = target.post(door, &body).await?;
        let gone = answer.status == 410 && answer.header("link").is_some_and(|link| link.contains("successor"));
        part.expect(format!("{door} answers 410 and names what took its place"), gone, answer.told());
    }
    Ok(part)
}

async fn grants(target: &Target, person: &Person, part: &mut Part) -> Result<(), Unreachable> {
    let answer = target.password_grant(person).await?;
    let tokens = answer.json();
    let text = |json: &Value, name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let whole = answer.status == 200 && text(&tokens, "token_type") == "Bearer";
    let seen = if answer.told() == "400 invalid_grant" {
        "400 invalid_grant; is it the server of this store?".to_owned()
    } else {
        answer.told()
    };
    part.expect("the password grant answers 200 with a token of type Bearer", whole, seen);
    if !whole {
        return Ok(());
    }
    let answer = target.get_as("/api/v1/users/me", &text(&tokens, "access_token")).await?;
    let right = answer.status == 200 && text(&answer.json(), "email") == person.email;
    part.expect("the access token tells who signed in", right, answer.told());
    let body = json!({ "grant_type": "refresh_token", "refresh_token": text(&tokens, "refresh_token") });
    let answer = target.post("/auth/token", &body).await?;
    let fresh = answer.json();
    let both = ["access_token", "refresh_token"].iter().all(|name| !text(&fresh, name).is_empty());
    part.expect("a refresh token without a client gives a new pair", answer.status == 200 && both, answer.told());
    let wrong = Person { password: oauth_core::secret::Secret::new("not the password".to_owned()), ..person.clone() };
    let answer = target.password_grant(&wrong).await?;
    part.expect("a wrong password answers 400 invalid_grant", answer.told() == "400 invalid_grant", answer.told());
    Ok(())
}
