//! One keep-alive connection that speaks just enough HTTP/1.1 (RFC 9112) to load our own server.

use std::io::{Error, ErrorKind};
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// No answer takes longer, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer of ours is larger.
const LARGEST: usize = 1 << 20;
const HEADERS: usize = 64;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// A request without a body.
    pub fn get(host: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        add(&mut text, headers);
        text.push_str("\r\n");
        Self(text.into_bytes())
    }

    /// A request with a body of this content type.
    pub fn post(host: &str, path: &str, headers: &[(&str, &str)], kind: &str, body: &str) -> Self {
        let mut text = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n");
        add(&mut text, headers);
        text.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        Self(text.into_bytes())
    }

    /// A request with a form.
    pub fn form(host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::post(host, path, headers, "application/x-www-form-urlencoded", body)
    }
}

fn add(text: &mut String, headers: &[(&str, &str)]) {
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
}

/// A connection; it is made when it is first needed, and anew after the server has closed it.
#[derive(Debug)]
pub struct Connection {
    port: u16,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer, which lives until the next request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    head: &'a [u8],
}

/// Where an answer's parts end in the buffer.
struct Extent {
    status: u16,
    head: usize,
    length: usize,
    closes: bool,
}

impl Connection {
    /// A connection to a port of this machine.
    pub const fn new(port: u16) -> Self {
        Self { port, stream: None, buffer: Vec::new() }
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, request: &Request) -> Result<Answer<'_>, Failure> {
        let extent = match tokio::time::timeout(PATIENCE, self.converse(request)).await {
            Ok(Ok(extent)) => extent,
            Ok(Err(error)) => {
                self.stream = None;
                return Err(Failure::of("no answer", error));
            }
            Err(_) => {
                self.stream = None;
                return Err(Failure::new(format!("no answer within {} s", PATIENCE.as_secs())));
            }
        };
        if extent.closes {
            self.stream = None;
        }
        let (head, rest) = self.buffer.split_at_checked(extent.head).unwrap_or_default();
        Ok(Answer { status: extent.status, head, body: rest.get(..extent.length).unwrap_or_default() })
    }

    async fn converse(&mut self, request: &Request) -> Result<Extent, Error> {
        self.buffer.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(&request.0).await?;
        let extent = loop {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
            match extent(&self.buffer)? {
                Some(extent) if self.buffer.len() >= extent.head + extent.length => break extent,
                _ if self.buffer.len() > LARGEST => return Err(Error::other("the answer is too large")),
                _ => {}
            }
        };
        self.stream = Some(stream);
        Ok(extent)
    }
}

/// Where the parts end, once the head is complete.
fn extent(buffer: &[u8]) -> Result<Option<Extent>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(buffer) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Error::other(error)),
    };
    let status = response.code.unwrap_or_default();
    let (mut length, mut closes) = (None, false);
    for header in response.headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value).ok().and_then(|value| value.parse::<usize>().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    // RFC 9112 6.3: these have no body; ours otherwise always announce its length.
    let length = match status {
        204 | 304 => 0,
        _ => length.ok_or_else(|| Error::other("an answer without Content-Length"))?,
    };
    if length > LARGEST {
        return Err(Error::other("the answer is too large"));
    }
    Ok(Some(Extent { status, head, length, closes }))
}

impl<'a> Answer<'a> {
    /// The values of a header, in the order in which they came.
    pub fn headers(&self, name: &str) -> Vec<&'a str> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        // It was complete when it was read.
        let _complete = response.parse(self.head);
        response
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .filter_map(|header| std::str::from_utf8(header.value).ok())
            .collect()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers(name).first().copied()
    }

    /// The answer, if it has this status.
    pub fn expect(self, status: u16, what: &str) -> Result<Self, Failure> {
        if self.status == status { Ok(self) } else { Err(self.unexpected(what)) }
    }

    /// What to say of an answer that should have been another.
    pub fn unexpected(&self, what: &str) -> Failure {
        let location = self.header("location").map(|location| format!(" to {location}")).unwrap_or_default();
        let body: String = String::from_utf8_lossy(self.body).chars().take(600).collect();
        Failure::new(format!("{what}: unexpected answer {}{location}\n{body}", self.status))
    }

    /// The text of a string member of a JSON body whose value needs no escapes, as tokens never do.
    pub fn member(&self, name: &str) -> Option<&'a str> {
        let body = std::str::from_utf8(self.body).ok()?;
        let (_, rest) = body.split_once(&format!("\"{name}\":"))?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A server that gives each request the next of these answers, and closes a connection after `Connection: close`.
    pub(crate) async fn stub(answers: Vec<String>) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut answers = answers.into_iter().peekable();
            while answers.peek().is_some() {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                    let Some(answer) = answers.next() else { return };
                    // In two pieces, so that a reader has to wait for the rest.
                    let (one, two) = answer.split_at(answer.len() / 2);
                    stream.write_all(one.as_bytes()).await.unwrap();
                    tokio::task::yield_now().await;
                    stream.write_all(two.as_bytes()).await.unwrap();
                    if answer.contains("close") {
                        break;
                    }
                }
            }
        });
        port
    }

    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn answers_arrive_whole_and_in_order_on_one_connection_and_on_the_next() {
        let answers = [("a", ""), ("bb", "Connection: close\r\n"), ("", "")];
        let port = stub(answers.map(|(body, headers)| answer(200, headers, body)).to_vec()).await;
        let mut connection = Connection::new(port);
        let request = Request::get("h", "/", &[]);
        for (body, _) in answers {
            assert_eq!(connection.exchange(&request).await.unwrap().body, body.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_server_that_closes_before_its_answer_is_complete_is_a_failure() {
        let port = stub(vec!["HTTP/1.1 200 X\r\nContent-Length: 50\r\n\r\nclose".to_owned()]).await;
        let failure = Connection::new(port).exchange(&Request::get("h", "/", &[])).await.unwrap_err();
        assert!(failure.to_string().contains("closed"), "{failure}");
    }

    #[tokio::test]
    async fn an_answer_without_a_length_is_refused() {
        let port = stub(vec!["HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()]).await;
        assert!(Connection::new(port).exchange(&Request::get("h", "/", &[])).await.is_err());
    }

    #[tokio::test]
    async fn headers_and_members_are_found_and_another_status_is_a_failure() {
        let port = stub(vec![answer(303, "Set-Cookie: a=1\r\nset-cookie: b=2\r\nLocation: /x\r\n", "{\"a\": \"v\"}")]);
        let mut connection = Connection::new(port.await);
        let request = Request::form("h", "/", &[("A", "b")], "c=d");
        assert_eq!(request.0, b"POST / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nc=d");
        let answer = connection.exchange(&request).await.unwrap();
        assert_eq!(answer.headers("set-cookie"), ["a=1", "b=2"]);
        assert_eq!((answer.member("a"), answer.member("b")), (Some("v"), None));
        assert!(answer.expect(303, "it").is_ok());
        assert!(answer.expect(200, "it").unwrap_err().to_string().contains("303 to /x"));
    }
}
