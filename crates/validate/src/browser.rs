//! A browser as small as it can be: it keeps cookies, follows redirections within the server and sends the sign-in form.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, header};

use crate::{Person, Target, Unreachable, target::Answer};

/// More redirections are a loop.
const STEPS: usize = 8;

pub(crate) struct Browser<'a> {
    target: &'a Target,
    cookies: BTreeMap<String, String>,
    /// The name that the server wants to be called by, once it has said so.
    host: Option<String>,
}

/// Where a walk ended: at a page, or at an address outside the server.
pub(crate) enum End {
    Page(Answer),
    Outside(String),
}

impl<'a> Browser<'a> {
    pub(crate) const fn new(target: &'a Target) -> Self {
        Self { target, cookies: BTreeMap::new(), host: None }
    }

    /// Opens a path of the server.
    pub(crate) async fn open(&mut self, path: &str) -> Result<End, Unreachable> {
        let request = self.target.client().get(self.target.at(path));
        self.walk(request).await
    }

    /// Fills in the sign-in form of a page and sends it.
    pub(crate) async fn sign_in(&mut self, page: &Answer, person: &Person) -> Result<End, Unreachable> {
        let mut fields: Vec<(String, String)> = hidden(&page.text);
        fields.push(("identifier".to_owned(), person.email.clone()));
        fields.push(("password".to_owned(), person.password.expose().clone()));
        let action = attribute(page.text.split("<form").nth(1).unwrap_or_default(), "action").unwrap_or_default();
        let request = self.target.client().post(self.target.at(&action)).form(&fields);
        let origin = match &self.host {
            Some(host) => format!("{}://{host}", self.target.base().scheme()),
            None => self.target.base().origin().ascii_serialization(),
        };
        self.walk(request.header(header::ORIGIN, origin)).await
    }

    async fn walk(&mut self, request: RequestBuilder) -> Result<End, Unreachable> {
        let mut answer = self.send(request).await?;
        for _ in 0..STEPS {
            let Some(to) = answer.header("location").filter(|_| (300..400).contains(&answer.status)) else {
                return Ok(End::Page(answer));
            };
            let to = to.to_owned();
            let Some(path) = self.within(&to) else { return Ok(End::Outside(to)) };
            let request = self.target.client().get(self.target.at(&path));
            answer = self.send(request).await?;
        }
        Ok(End::Page(answer))
    }

    /// The path of an address within the server; the name by which it calls itself is used from then on.
    fn within(&mut self, to: &str) -> Option<String> {
        if to.starts_with('/') && !to.starts_with("//") {
            return Some(to.to_owned());
        }
        if to.starts_with(crate::oauth::CALLBACK) {
            return None;
        }
        let url = url::Url::parse(to).ok()?;
        let name = url.host_str()?;
        self.host = Some(url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")));
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        Some(format!("{}{query}", url.path()))
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Answer, Unreachable> {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if jar.is_empty() { request } else { request.header(header::COOKIE, jar.join("; ")) };
        let request = match &self.host {
            Some(host) => request.header(header::HOST, host),
            None => request,
        };
        let answer = Answer::of(request.send().await?).await?;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap_or_default().split_once(';').unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// The hidden fields of a page.
fn hidden(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let hidden = inputs.filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"));
    hidden.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_fields_are_read_out_of_a_page() {
        let page = r#"<form method="post" action="/sign-in"><input type="hidden" name="csrf" value="a&amp;b">
            <input id="password" name="password" type="password"><input type="hidden" name="request" value="r"></form>"#;
        let text = str::to_owned;
        assert_eq!(hidden(page), [(text("csrf"), text("a&b")), (text("request"), text("r"))]);
    }
}
