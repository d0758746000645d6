//! `authly-admin migrate status --watch`: the table drawn anew on a terminal, a line at a time elsewhere, until Ctrl-C.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use authly_admin_cases::migrate::{MigrationStatus, Tools as _};
use authly_cutover::words::count;
use authly_runtime::store::Database;
use oauth_core::services::Clock as _;

use super::look::{self, Looks};
use crate::{console::Console, failure::Failure};

/// How often a terminal is drawn anew.
const REDRAW: Duration = Duration::from_secs(2);

/// How often a log gets a line.
const LINE: Duration = Duration::from_secs(5);

/// To the upper left, and everything below is blank.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

pub(super) async fn status<D: Database>(looks: &Looks<'_, D>, console: Console) -> Result<(), Failure> {
    let terminal = io::stdout().is_terminal() && !console.is_json();
    loop {
        if terminal {
            let mut out = io::stdout().lock();
            let _unheard = out.write_all(CLEAR.as_bytes());
            let _unheard = out.flush();
        }
        if terminal || console.is_json() {
            look::status(looks, console).await?;
        } else {
            let status = looks.found().await?.status;
            console.raw(&line(&looks.bench.clock().now().to_rfc3339(), &status))?;
        }
        if terminal {
            console.note("Drawn anew every two seconds; Ctrl-C ends.");
        }
        tokio::select! {
            () = tokio::time::sleep(if terminal { REDRAW } else { LINE }) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// Where the migration stands, in one line.
fn line(now: &str, status: &MigrationStatus) -> String {
    let overall = &status.overall.progress;
    let percent = overall.completed_percent.map_or_else(|| "n/a".to_owned(), |percent| format!("{percent:.2} %"));
    let mut line = format!(
        "{now} {percent} completed, {} of {}, {}",
        overall.completed,
        count(overall.total, "account", "accounts"),
        count(overall.waiting, "row waits", "rows wait")
    );
    if let Some(run) = &status.last_run {
        line.push_str(&format!("; {} {}: {}", run.kind.as_str(), run.state, run.rows));
        if let Some(of) = run.source_rows {
            line.push_str(&format!(" of {of}"));
        }
        line.push_str(" rows");
        if let Some(rate) = run.rows_per_second.filter(|_| run.state == "running") {
            line.push_str(&format!(", {rate} rows/s"));
        }
        if let Some(left) = run.seconds_left {
            line.push_str(&format!(", {left} s left"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use authly_admin_cases::migrate::Standing;
    use authly_cutover::progress::Progress;

    #[test]
    fn a_line_says_how_far_everybody_is() {
        let overall =
            Progress { total: 8, completed: 1, completed_percent: Some(12.5), waiting: 3, ..Progress::default() };
        let overall = Standing { progress: overall, ..Standing::default() };
        let status = MigrationStatus { phase: "", accounts: 8, overall, tenants: Vec::new(), last_run: None };
        assert_eq!(line("now", &status), "now 12.50 % completed, 1 of 8 accounts, 3 rows wait");
        let empty = MigrationStatus { overall: Standing::default(), ..status };
        assert_eq!(line("now", &empty), "now n/a completed, 0 of 0 accounts, 0 rows wait");
    }
}
