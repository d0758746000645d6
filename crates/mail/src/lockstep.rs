//! A connection before STARTTLS, on which the mail server may say what it was asked for and nothing more.
//!
//! Whoever sits in the middle can put answers behind the server's word to STARTTLS. A client that has read them already takes
//! them, after the handshake, for answers that came under TLS (RFC 3207 6; the gap of CVE-2011-0411): each answer then belongs to
//! the question before, and a refused mail counts as accepted. The client that we use keeps what it has read, so nothing that
//! nobody asked for may reach it.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The only command after which the connection becomes another.
const STARTTLS: &[u8] = b"STARTTLS\r\n";

/// A connection that is read one answer at a time, until TLS begins.
pub(crate) struct Lockstep {
    stream: TcpStream,
    talk: Talk,
}

/// Whose turn it is.
#[derive(Debug, Default)]
struct Talk {
    /// The answer is whole: it is our turn.
    answered: bool,
    /// TLS has begun; what comes now is none of ours.
    over: bool,
    /// The beginning of the line that is being read: three digits, and a hyphen where more lines follow.
    line: Vec<u8>,
    /// The beginning of what we said last.
    said: Vec<u8>,
}

impl Talk {
    /// Takes what the server said; whether it was its turn.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            if self.answered {
                return false;
            }
            if *byte == b'\n' {
                self.answered = self.line.get(3) != Some(&b'-');
                if !self.answered {
                    self.line.clear();
                }
            } else if self.line.len() < 4 {
                self.line.push(*byte);
            }
        }
        true
    }

    /// Takes what we are about to say.
    fn say(&mut self, bytes: &[u8]) {
        if self.answered {
            if self.said.eq_ignore_ascii_case(STARTTLS) && self.line.first() == Some(&b'2') {
                self.over = true;
                return;
            }
            self.answered = false;
            self.line.clear();
            self.said.clear();
        }
        let room = (STARTTLS.len() + 1).saturating_sub(self.said.len());
        self.said.extend(bytes.iter().take(room));
    }
}

impl Lockstep {
    /// A connection whose server has not greeted yet.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, talk: Talk::default() }
    }
}

impl AsyncRead for Lockstep {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.talk.over || !matches!(read, Poll::Ready(Ok(()))) {
            return read;
        }
        let heard = self.talk.hear(buffer.filled().get(before..).unwrap_or_default());
        if heard {
            return read;
        }
        buffer.set_filled(before);
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the mail server said more than it was asked before TLS began: somebody may be in between",
        )))
    }
}

impl AsyncWrite for Lockstep {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let (Poll::Ready(Ok(count)), false) = (&written, self.talk.over) {
            self.talk.say(bytes.get(..*count).unwrap_or_default());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Lockstep {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl fmt::Debug for Lockstep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lockstep").field("stream", &self.stream).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears an answer in pieces of every size; whether each was its turn.
    fn hears(answers: &str) -> bool {
        (1..=answers.len()).all(|size| {
            let mut talk = Talk::default();
            answers.as_bytes().chunks(size).all(|part| talk.hear(part))
        })
    }

    fn never_hears(answers: &str) -> bool {
        (1..=answers.len()).all(|size| {
            let mut talk = Talk::default();
            !answers.as_bytes().chunks(size).all(|part| talk.hear(part))
        })
    }

    #[test]
    fn one_answer_is_heard_and_not_two() {
        for one in ["220 ready\r\n", "250-a\r\n250-STARTTLS\r\n250 b\r\n", "250\r\n", "220 half", "\r\n"] {
            assert!(hears(one), "{one:?}");
        }
        for more in ["220 go\r\n2", "220 go\r\n250 fake\r\n", "250-a\r\n250 b\r\n\r\n", "\n\n"] {
            assert!(never_hears(more), "{more:?}");
        }
    }

    #[test]
    fn after_the_word_to_starttls_the_next_is_tls() {
        for (answer, over) in [("220 go\r\n", true), ("454 not now\r\n", false), ("500 what\r\n", false)] {
            let mut talk = Talk::default();
            assert!(talk.hear(b"220 ready\r\n"));
            talk.say(b"EHLO x\r\n");
            assert!(talk.hear(b"250-x\r\n250 STARTTLS\r\n"));
            talk.say(b"START");
            talk.say(b"TLS\r\n");
            assert!(talk.hear(answer.as_bytes()) && !talk.over);
            talk.say(&[0x16, 3, 1]);
            assert_eq!(talk.over, over, "{answer}");
        }
    }

    #[test]
    fn no_other_command_lets_anything_through() {
        let mut talk = Talk::default();
        assert!(talk.hear(b"220 ready\r\n"));
        talk.say(b"STARTTLS\r\nX");
        assert!(talk.hear(b"220 go\r\n"));
        talk.say(b"EHLO x\r\n");
        assert!(!talk.over);
    }
}
