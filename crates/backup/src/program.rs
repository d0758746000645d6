//! A program of PostgreSQL at work: what it reads is written to it, what it says is kept, and whoever asks to stop is heard.

use std::{
    io::{self, Read as _, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use authly_runtime::Trouble;

use crate::{
    interrupt::{Interrupt, stopped},
    source::Source,
};

/// How often is looked whether it is done.
const PAUSE: Duration = Duration::from_millis(20);

/// How much of what it says is kept: the end.
const KEPT: usize = 16 * 1024;

/// What a program reads.
pub(crate) type Feed<'a> = Box<dyn FnOnce(&mut ChildStdin) -> Result<(), Trouble> + Send + 'a>;

/// What is in a file, as it is.
pub(crate) fn contents(source: &Source) -> Feed<'_> {
    Box::new(move |into| {
        let (mut from, mut chunk) = (source.open()?, vec![0; 64 * 1024]);
        loop {
            let read = from.read(&mut chunk).map_err(|error| source.told(&error))?;
            // A program that takes no more says why, or has enough.
            if read == 0 || into.write_all(chunk.get(..read).unwrap_or_default()).is_err() {
                return Ok(());
            }
        }
    })
}

/// Runs it to its end, and returns what it writes if that is piped. Where what it reads breaks off, it is ended before it could take
/// the half for the whole.
pub(crate) fn run(
    mut command: Command,
    name: &str,
    remedy: &str,
    feed: Option<Feed<'_>>,
    interrupt: &Interrupt,
) -> Result<Vec<u8>, Trouble> {
    interrupt.check()?;
    let failed = |error: io::Error| Trouble::caused(format!("cannot run {name}"), &error, "");
    command.stdin(if feed.is_some() { Stdio::piped() } else { Stdio::null() }).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (ended, fed, wrote, said) = thread::scope(|scope| {
        let reader = scope.spawn(move || stdout.map(all).unwrap_or_default());
        let listener = scope.spawn(move || stderr.map(last).unwrap_or_default());
        let feeder = feed.zip(stdin).map(|(feed, mut stdin)| {
            scope.spawn(move || {
                let fed = feed(&mut stdin);
                (fed, stdin)
            })
        });
        let (ended, fed) = attend(&mut child, feeder, interrupt);
        (ended, fed, reader.join().unwrap_or_default(), listener.join().unwrap_or_default())
    });
    fed?;
    let ended = ended.map_err(failed)?;
    if interrupt.is_asked() {
        return Err(stopped());
    }
    if ended.success() { Ok(wrote) } else { Err(told(name, &said, remedy)) }
}

/// Waits for its end; brings that about where somebody asked to stop, or where what it reads has broken off.
fn attend(
    child: &mut Child,
    mut feeder: Option<thread::ScopedJoinHandle<'_, (Result<(), Trouble>, ChildStdin)>>,
    interrupt: &Interrupt,
) -> (io::Result<ExitStatus>, Result<(), Trouble>) {
    let mut fed = Ok(());
    loop {
        match child.try_wait() {
            Ok(None) => {}
            ended => {
                if let Some(Ok((result, _))) = feeder.take().map(thread::ScopedJoinHandle::join) {
                    fed = result;
                }
                return (ended.and_then(|ended| ended.ok_or_else(|| io::ErrorKind::TimedOut.into())), fed);
            }
        }
        if interrupt.is_asked() {
            // It may be gone already.
            child.kill().ok();
        }
        if let Some(done) = feeder.take_if(|feeder| feeder.is_finished()) {
            match done.join() {
                // Behind this it is at the end of what it reads.
                Ok((Ok(()), stdin)) => drop(stdin),
                Ok((Err(trouble), stdin)) => {
                    child.kill().ok();
                    let ended = child.wait();
                    drop(stdin);
                    return (ended, Err(trouble));
                }
                Err(_) => {
                    child.kill().ok();
                    fed = Err(Trouble::new("cannot go on", "what is read broke off", ""));
                }
            }
        }
        thread::sleep(PAUSE);
    }
}

/// Reads to the end.
fn all(mut from: impl io::Read) -> Vec<u8> {
    let mut kept = Vec::new();
    // What is missing shows in the exit code of the program.
    from.read_to_end(&mut kept).ok();
    kept
}

/// Reads to the end, and keeps the last of it.
fn last(mut from: impl io::Read) -> Vec<u8> {
    let (mut kept, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        kept.extend_from_slice(chunk.get(..read).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    kept
}

/// The last lines of what a program said.
fn told(name: &str, stderr: &[u8], remedy: &str) -> Trouble {
    const LINES: usize = 12;
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n");
    let why = if last.trim().is_empty() { "it ended without a word".to_owned() } else { last };
    Trouble::new(format!("{name} failed"), why, remedy)
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Instant};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_is_ended_when_what_it_reads_breaks_off() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let script = format!("cat > /dev/null; touch {}", seen.display());
        let half: Feed<'_> = Box::new(|into| {
            into.write_all(b"half").unwrap();
            Err(Trouble::new("cannot read", "it is damaged", ""))
        });
        let told = run(shell(&script), "cat", "", Some(half), &Interrupt::default()).unwrap_err();
        assert_eq!(told.what, "cannot read");
        assert!(!seen.exists(), "it never saw an end");
        let whole: Feed<'_> =
            Box::new(|into| into.write_all(b"whole").map_err(|error| Trouble::caused("x", &error, "")));
        run(shell(&script), "cat", "", Some(whole), &Interrupt::default()).unwrap();
        assert!(seen.exists());
    }

    #[test]
    fn whoever_asks_to_stop_is_heard_while_a_program_works() {
        let interrupt = Interrupt::default();
        let asked = interrupt.clone();
        let began = Instant::now();
        let told = thread::scope(|scope| {
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(100));
                asked.ask();
            });
            run(shell("exec sleep 60"), "sleep", "", None, &interrupt)
        });
        assert_eq!(told, Err(stopped()));
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(run(shell("true"), "true", "", None, &interrupt), Err(stopped()), "nothing begins behind it");
        let mut echo = shell("echo it");
        echo.stdout(Stdio::piped());
        assert_eq!(run(echo, "echo", "", None, &Interrupt::default()).unwrap(), b"it\n");
    }

    #[test]
    fn what_a_program_said_last_is_told_however_much_it_says() {
        let script = "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3";
        let told = run(shell(script), "sh", "do", None, &Interrupt::default()).unwrap_err();
        assert!(told.why.ends_with("line 2999") && told.why.lines().count() == 12, "{told}");
        let silent = run(shell("exit 1"), "sh", "", None, &Interrupt::default()).unwrap_err();
        assert!(silent.why.contains("without a word"));
    }

    #[test]
    fn a_program_that_takes_no_more_is_asked_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sql");
        fs::write(&path, [&b"-- PostgreSQL database dump\n"[..], &vec![b'\n'; 1 << 20]].concat()).unwrap();
        let source = Source::of(&path, &Interrupt::default()).unwrap();
        let told = run(shell("echo no >&2; exit 3"), "psql", "", Some(contents(&source)), &Interrupt::default());
        assert_eq!(told.unwrap_err().why, "no");
        run(shell("exit 0"), "psql", "", Some(contents(&source)), &Interrupt::default()).unwrap();
    }
}
