//! Mails that were written into a folder, as their reader's program shows them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a person waits for a mail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder into which mails are written.
#[derive(Debug)]
pub struct Letters {
    folder: TempDir,
}

/// A mail.
#[derive(Debug)]
pub struct OneLetter {
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

impl Letters {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// The mail to this address, as soon as there is one.
    pub async fn to(&self, address: &str) -> OneLetter {
        let (begin, head) = (Instant::now(), format!("\r\nTo: {address}\r\n"));
        loop {
            let mut mails = self.files().into_iter().map(|file| std::fs::read_to_string(file).unwrap());
            if let Some(mail) = mails.find(|mail| mail.contains(&head)) {
                return OneLetter::read(&mail);
            }
            assert!(begin.elapsed() < PATIENCE, "no mail came to {address}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Keeps a mail's HTML as a page; returns its address.
    pub fn page(&self, letter: &OneLetter) -> String {
        let file = self.folder.path().join("mail.html");
        std::fs::write(&file, &letter.html).unwrap();
        format!("file://{}", file.display())
    }

    fn files(&self) -> Vec<PathBuf> {
        let Ok(found) = std::fs::read_dir(self.folder.path()) else { return Vec::new() };
        let files = found.map(|entry| entry.unwrap().path());
        files.filter(|file| file.extension() == Some(Path::new("eml").as_os_str())).collect()
    }
}

impl Default for Letters {
    fn default() -> Self {
        Self::new()
    }
}

impl OneLetter {
    fn read(message: &str) -> Self {
        let part = |kind: &str| {
            let (_, after) = message.split_once(&format!("Content-Type: {kind}")).unwrap();
            let (head, body) = after.split_once("\r\n\r\n").unwrap();
            let body = body.split("\r\n--part-").next().unwrap();
            if head.contains("quoted-printable") { unquoted(body) } else { body.replace("\r\n", "\n") }
        };
        Self { text: part("text/plain"), html: part("text/html") }
    }

    /// The link that it carries.
    pub fn link(&self) -> String {
        let line = self.text.lines().find(|line| line.contains("?token="));
        line.unwrap_or_else(|| panic!("no link in:\n{}", self.text)).trim().to_owned()
    }
}

/// Quoted-printable text (RFC 2045 6.7) as it was.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "").replace("\r\n", "\n");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        rest = if let Some(code) = code {
            bytes.push(code);
            &after[2..]
        } else {
            bytes.push(*first);
            after
        };
    }
    String::from_utf8(bytes).unwrap()
}
