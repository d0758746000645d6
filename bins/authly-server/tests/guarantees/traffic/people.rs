//! People who work without a pause, two servers behind a balancer, and what everybody is counted by.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use authly_bench::{
    exchange::{Connection, Request},
    html::encode,
    installation::HOST,
    site::{Site, refreshment, signed_in},
};
use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard};

use super::doors::Door;

/// What somebody does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Introspection,
    LegacyLogin,
    Refresh,
    SignIn,
    UserInfo,
}

impl Work {
    pub(super) const ALL: [Self; 5] =
        [Self::Introspection, Self::LegacyLogin, Self::Refresh, Self::SignIn, Self::UserInfo];
}

/// A place of the balancer: a server, or none while it is replaced. Whoever sends holds it for reading.
pub(super) struct Seat(pub(super) RwLock<Option<(u16, u32)>>);

/// Two servers behind a balancer that sends nothing to the one that is being replaced; SQLite has one server, and an empty place.
pub(super) struct Balancer {
    pub(super) seats: [Seat; 2],
    pub(super) turn: AtomicU64,
}

impl Balancer {
    async fn seat(&self) -> (usize, RwLockReadGuard<'_, Option<(u16, u32)>>) {
        loop {
            let place = usize::from(self.turn.fetch_add(1, Ordering::Relaxed) % 2 == 1);
            // One that is being replaced is held for writing, or stands empty.
            if let Ok(seat) = self.seats[place].0.try_read()
                && seat.is_some()
            {
                return (place, seat);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What everybody shares.
pub(super) struct Shared {
    pub(super) balancer: Balancer,
    pub(super) site: Site,
    pub(super) over: AtomicBool,
    pub(super) phase: Mutex<&'static str>,
    pub(super) failures: Mutex<Vec<String>>,
    pub(super) answers: [AtomicU64; 5],
    /// Of the JSON login those that gave tokens, whoever asked.
    pub(super) logins: AtomicU64,
    pub(super) longest: AtomicU64,
}

impl Shared {
    /// What the JSON login answers to that.
    pub(super) async fn login(&self, connection: &mut Connection, who: &Visitor) -> Result<u16, String> {
        let body = json!({ "email": who.email, "password": who.password }).to_string();
        let request = Request::post(HOST, "/api/auth/login", &[], "application/json", &body);
        let answer = connection.exchange(&request).await.map_err(|failure| failure.to_string())?;
        if answer.status == 200 {
            if answer.member("access_token").is_none() {
                return Err(answer.unexpected("tokens").to_string());
            }
            self.logins.fetch_add(1, Ordering::SeqCst);
        }
        Ok(answer.status)
    }
}

/// Who comes by a door, and what it answers them.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) door: Arc<Door>,
}

/// One of those who work.
pub(super) struct Person {
    pub(super) shared: Arc<Shared>,
    pub(super) work: Work,
    /// Of those who sign in at the page, which one.
    pub(super) position: usize,
    /// At the JSON login, and the door of whatever is done.
    pub(super) visitor: Visitor,
    /// Between two requests.
    pub(super) rest: Duration,
    /// A connection to each server, and which generation of it that is.
    pub(super) connections: [(Connection, u32); 2],
    pub(super) token: String,
}

impl Person {
    pub(super) async fn run(mut self) {
        let door = self.visitor.door.clone();
        let mut is_signed_in = self.work == Work::LegacyLogin;
        while !self.shared.over.load(Ordering::SeqCst) {
            let Some(knock) = door.knock() else {
                // Tokens that were given before a switch ended with it.
                is_signed_in = self.work == Work::LegacyLogin;
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            let began = Instant::now();
            let done = if is_signed_in && self.work != Work::SignIn { self.once().await } else { self.sign_in().await };
            let judged = door.answered(&knock, done.as_ref().ok().copied());
            match done.and(judged) {
                Ok(()) => {
                    is_signed_in = true;
                    let place = Work::ALL.iter().position(|work| *work == self.work).unwrap();
                    self.shared.answers[place].fetch_add(1, Ordering::Relaxed);
                    let took = u64::try_from(began.elapsed().as_millis()).unwrap();
                    self.shared.longest.fetch_max(took, Ordering::Relaxed);
                }
                Err(why) => {
                    let during = *self.shared.phase.lock().unwrap();
                    self.shared.failures.lock().unwrap().push(format!("{during}: {:?}: {why}", self.work));
                }
            }
            tokio::time::sleep(self.rest).await;
        }
    }

    /// Signs in at the page and redeems the code, all at one server.
    async fn sign_in(&mut self) -> Result<u16, String> {
        let shared = self.shared.clone();
        let (_, seat) = shared.balancer.seat().await;
        let mut site = shared.site.clone();
        site.port = seat.unwrap().0;
        let tokens = signed_in(&site, &site.web_es256, self.position).await.map_err(|failure| failure.to_string())?;
        self.token = if self.work == Work::Refresh { tokens.refresh_token } else { tokens.access_token };
        Ok(200)
    }

    async fn once(&mut self) -> Result<u16, String> {
        let shared = self.shared.clone();
        let client = &shared.site.web_es256;
        let (place, seat) = shared.balancer.seat().await;
        let (port, generation) = seat.unwrap();
        if self.connections[place].1 != generation {
            self.connections[place] = (Connection::new(port), generation);
        }
        let connection = &mut self.connections[place].0;
        let (request, proof) = match self.work {
            Work::LegacyLogin => return shared.login(connection, &self.visitor).await,
            Work::Introspection => {
                let headers = [("Authorization", client.authorization.as_str())];
                let form = encode([("token", self.token.as_str())]);
                (Request::form(HOST, "/auth/introspect", &headers, &form), "\"active\":true")
            }
            Work::UserInfo => {
                let bearer = format!("Bearer {}", self.token);
                (Request::get(HOST, "/auth/userinfo", &[("Authorization", &bearer)]), "\"sub\"")
            }
            Work::Refresh | Work::SignIn => (refreshment(client, &self.token), "\"refresh_token\""),
        };
        let answer = connection.exchange(&request).await.map_err(|failure| failure.to_string())?;
        if answer.status != 200 || !String::from_utf8_lossy(answer.body).contains(proof) {
            return Err(answer.unexpected("an answer").to_string());
        }
        if self.work == Work::Refresh {
            self.token = answer.member("refresh_token").unwrap().to_owned();
        }
        Ok(answer.status)
    }
}
