//! Just enough of a browser to sign in: cookies, redirects within the site, forms.

use crate::exchange::{Answer, Connection, Request};
use crate::failure::Failure;
use crate::html::Form;

/// More steps than any of our flows has.
const STEPS: usize = 10;

/// A browser with its cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    issuer: String,
    cookies: Vec<(String, String)>,
}

/// Where the browser ended up.
#[derive(Debug)]
pub enum Arrival {
    /// At a page of the site.
    Page(String),
    /// Sent away to this address.
    Left(String),
}

impl Browser {
    /// A browser that has never been here.
    pub fn new(issuer: &str) -> Self {
        Self { issuer: issuer.to_owned(), cookies: Vec::new() }
    }

    fn host(&self) -> &str {
        self.issuer.split_once("://").map_or(&self.issuer, |(_, host)| host)
    }

    /// The value of the Cookie header.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Opens an address of the site and follows it to its end.
    pub async fn open(&mut self, connection: &mut Connection, path: &str) -> Result<Arrival, Failure> {
        let cookies = self.cookies();
        let request = Request::get(self.host(), path, &[("Cookie", &cookies)]);
        let (answer, next) = self.take(connection, &request).await?;
        match next {
            Some(location) => self.follow(connection, location).await,
            None => page(&answer),
        }
    }

    /// Sends a form and follows the answer to its end.
    pub async fn submit(
        &mut self,
        connection: &mut Connection,
        form: &Form,
        fields: &[(&str, &str)],
    ) -> Result<Arrival, Failure> {
        let cookies = self.cookies();
        let headers =
            [("Cookie", cookies.as_str()), ("Origin", self.issuer.as_str()), ("Sec-Fetch-Site", "same-origin")];
        let request = Request::form(self.host(), &self.path(&form.action), &headers, &form.filled(fields));
        let (answer, next) = self.take(connection, &request).await?;
        match next {
            Some(location) => self.follow(connection, location).await,
            None => page(&answer),
        }
    }

    async fn follow(&mut self, connection: &mut Connection, mut location: String) -> Result<Arrival, Failure> {
        for _ in 0..STEPS {
            if !location.starts_with('/') && !location.starts_with(&format!("{}/", self.issuer)) {
                return Ok(Arrival::Left(location));
            }
            let cookies = self.cookies();
            let request = Request::get(self.host(), &self.path(&location), &[("Cookie", &cookies)]);
            let (answer, next) = self.take(connection, &request).await?;
            match next {
                Some(next) => location = next,
                None => return page(&answer),
            }
        }
        Err(Failure::new(format!("more than {STEPS} redirects, the last to {location}")))
    }

    /// An address of the site without scheme and host.
    fn path(&self, address: &str) -> String {
        address.strip_prefix(&self.issuer).unwrap_or(address).to_owned()
    }

    /// Sends a request, keeps the cookies, and gives back where it leads, if anywhere.
    async fn take<'a>(
        &mut self,
        connection: &'a mut Connection,
        request: &Request,
    ) -> Result<(Answer<'a>, Option<String>), Failure> {
        let answer = connection.exchange(request).await?;
        for cookie in answer.headers("set-cookie") {
            self.keep(cookie);
        }
        let next = match answer.status {
            302 | 303 => answer.header("location").map(str::to_owned),
            _ => None,
        };
        Ok((answer, next))
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        self.cookies.retain(|(known, _)| known != name);
        let removed = attributes.to_ascii_lowercase().contains("max-age=0");
        if !removed {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn page(answer: &Answer<'_>) -> Result<Arrival, Failure> {
    let answer = answer.expect(200, "a page")?;
    Ok(Arrival::Page(String::from_utf8_lossy(answer.body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::{answer, stub};

    #[tokio::test]
    async fn redirects_are_followed_until_they_leave_the_site() {
        let port = stub(vec![
            answer(303, "Location: /b\r\nSet-Cookie: s=1; Path=/\r\nSet-Cookie: t=2\r\n", ""),
            answer(303, "Location: http://h:1/c\r\nSet-Cookie: t=; Max-Age=0\r\n", ""),
            answer(200, "", "here"),
            answer(303, "Location: https://client/cb?code=1\r\n", ""),
        ]);
        let mut connection = Connection::new(port.await);
        let mut browser = Browser::new("http://h:1");
        assert!(matches!(browser.open(&mut connection, "/a").await.unwrap(), Arrival::Page(page) if page == "here"));
        assert_eq!(browser.cookies(), "s=1");
        let form = Form { action: "/d".to_owned(), hidden: Vec::new() };
        let left = browser.submit(&mut connection, &form, &[]).await.unwrap();
        assert!(matches!(left, Arrival::Left(address) if address == "https://client/cb?code=1"));
    }

    #[tokio::test]
    async fn redirects_in_a_circle_end() {
        let port = stub(vec![answer(302, "Location: /a\r\n", ""); 20]).await;
        assert!(Browser::new("http://h").open(&mut Connection::new(port), "/a").await.is_err());
    }

    #[tokio::test]
    async fn an_error_page_is_a_failure() {
        let port = stub(vec![answer(400, "", "no")]).await;
        assert!(Browser::new("http://h").open(&mut Connection::new(port), "/a").await.is_err());
    }
}
