//! What a server that is killed leaves behind: no answered token may be lost.
//!
//! Chains of refresh tokens run, the server is killed in the middle (SIGKILL) and started again. Each client holds the token
//! of its last answer and may have lost the answer to one request, so it presents that token again: either the rotation was
//! committed, and the retry is answered with that same successor, or it never happened and happens now. Both continue the chain.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::installation::Installation;
use crate::scenario::Chain;
use crate::server::Server;
use crate::site::Site;

/// A chain that did not get this far before the crash proves little.
const ENOUGH: u32 = 3;
/// The longest time that a round waits for its chains to get going.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Survival {
    /// The chains that continued, each after each crash.
    pub continued: usize,
    /// The refreshes that were answered before the crashes.
    pub answered: u64,
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The chains, each on a connection of its own.
    pub chains: usize,
    /// The crashes.
    pub rounds: usize,
    /// How long the chains run before each crash, once all of them have begun.
    pub run: Duration,
}

/// A chain whose server went away.
struct Broken {
    chain: Chain,
    /// The token before the last.
    spent: String,
    answered: u32,
}

/// Kills the installation's server in the middle of a load, again and again, and checks every chain.
///
/// The installation's clients and people must be registered; nothing runs when this begins or ends.
pub async fn check(installation: &Installation, site: &Site, trial: Trial) -> Result<Survival, Failure> {
    let mut server = Server::start(installation)?;
    let mut survival = Survival::default();
    for round in 0..trial.rounds {
        let mut chains = Vec::new();
        for position in 0..trial.chains {
            chains.push(Chain::begin(site, position).await?);
        }
        let broken = interrupt(server, chains, trial.run).await?;
        server = Server::start(installation)?;
        for (position, mut broken) in broken.into_iter().enumerate() {
            let place = |failure| Failure::of(format!("chain {position} is broken after crash {round}"), failure);
            survival.answered += u64::from(broken.answered);
            for _ in 0..2 {
                broken.chain.operate().await.map_err(place)?;
            }
            // That a token was spent survives too; whoever presents it now is not the client (RFC 9700 4.14.2).
            let status = broken.chain.present(&broken.spent).await.map_err(place)?;
            if status != 400 {
                return Err(place(Failure::new(format!("a spent token was answered with {status}"))));
            }
            survival.continued += 1;
        }
    }
    server.stop()?;
    Ok(survival)
}

/// Lets the chains run and kills the server while they do.
async fn interrupt(server: Server, chains: Vec<Chain>, run: Duration) -> Result<Vec<Broken>, Failure> {
    let (begun, mut count) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let expected = chains.len();
    for chain in chains {
        let begun = begun.clone();
        let tell = move || {
            let _nobody_waits = begun.send(());
        };
        tasks.spawn(until_it_breaks(chain, tell));
    }
    drop(begun);
    let all_begun = async {
        for _ in 0..expected {
            count.recv().await.ok_or_else(|| Failure::new("a chain broke before the crash"))?;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, all_begun).await.map_err(|_| Failure::new("the chains do not get going"))??;
    tokio::time::sleep(run).await;
    if let Some(early) = tasks.try_join_next() {
        let why = early.map_or_else(|error| error.to_string(), |(_, why)| why.to_string());
        return Err(Failure::of("a chain broke before the crash", why));
    }
    server.kill()?;
    let mut broken = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        broken.push(ended.map_err(|error| Failure::of("a chain's task broke", error))?.0);
    }
    Ok(broken)
}

async fn until_it_breaks(mut chain: Chain, begun: impl FnOnce()) -> (Broken, Failure) {
    let (mut spent, mut answered, mut begun) = (String::new(), 0_u32, Some(begun));
    loop {
        let presented = chain.token().to_owned();
        match chain.operate().await {
            Ok(()) => (spent, answered) = (presented, answered + 1),
            Err(why) => return (Broken { chain, spent, answered }, why),
        }
        if answered == ENOUGH {
            begun.take().into_iter().for_each(|begun| begun());
        }
    }
}
