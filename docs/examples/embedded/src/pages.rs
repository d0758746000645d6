//! The application's own pages. Whatever comes from outside is escaped.

use actix_web::{HttpResponse, http::StatusCode};
use oauth_core::{pending::PendingId, scope::ScopeSet};

/// The sign-in form.
pub(crate) fn sign_in(request: &PendingId, csrf: &str, notice: &str) -> HttpResponse {
    let form = format!(
        "<h1>Notes</h1><p role=\"alert\">{notice}</p><form method=\"post\" action=\"/sign-in\">{}\
         <label>E-mail <input name=\"email\" type=\"email\" autocomplete=\"username\" required></label>\
         <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
         <button>Sign in</button></form>",
        bound(request, csrf)
    );
    page(StatusCode::OK, &form)
}

/// The question whether a client may have what it asks for.
pub(crate) fn consent(request: &PendingId, csrf: &str, client: &str, scope: &ScopeSet) -> HttpResponse {
    let form = format!(
        "<h1>{} wants: {}</h1><form method=\"post\" action=\"/consent\">{}\
         <button name=\"decision\" value=\"allow\">Allow</button> <button name=\"decision\" value=\"deny\">Deny</button></form>",
        escape(client),
        escape(&scope.to_string()),
        bound(request, csrf)
    );
    page(StatusCode::OK, &form)
}

/// What went wrong, where no client may be told.
pub(crate) fn problem(text: &str) -> HttpResponse {
    page(StatusCode::BAD_REQUEST, &format!("<h1>This did not work</h1><p>{}</p>", escape(text)))
}

/// The request that a form belongs to, and its protection against cross-site requests.
fn bound(request: &PendingId, csrf: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"request\" value=\"{request}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">",
        escape(csrf)
    )
}

fn page(status: StatusCode, body: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .body(format!("<!doctype html><html lang=\"en\"><title>Notes</title>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
