//! Running programs: to their end, or in the background with a guard that outlives us.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::folder::Folder;

/// No check takes as long: what still runs then waits for something that will not come.
const LIMIT: Duration = Duration::from_mins(40);

/// Prints the command and runs it to its end, with our own input and output; one that hangs is ended after 40 minutes.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    run_within(command, LIMIT)
}

/// Like [`run`], for a command that ends long before.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), Failure> {
    let what = shown(command);
    println!("$ {what}");
    let unstarted = |error| Failure::of(format!("cannot start `{what}`"), error);
    let mut child = command.spawn().map_err(unstarted)?;
    let begin = Instant::now();
    loop {
        match child.try_wait().map_err(unstarted)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Failure::new(format!("`{what}` failed: {status}"))),
            None if begin.elapsed() < limit => std::thread::sleep(Duration::from_millis(20)),
            None => break,
        }
    }
    end_with_descendants(child.id());
    let _reaped = child.wait();
    Err(Failure::new(format!("`{what}` had not ended after {} seconds; it was ended", limit.as_secs())))
}

/// Kills a process and whatever it started, which would otherwise hold on to our output.
fn end_with_descendants(id: u32) {
    let table = output(Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="])).unwrap_or_default();
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .collect();
    let mut family = vec![id];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    let mut kill = Command::new("kill");
    succeeds(kill.arg("-9").args(family.iter().map(ToString::to_string)));
}

/// Runs the command quietly and gives back what it printed; a failure carries its error output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    command.stdin(Stdio::null());
    let output = command.output().map_err(|error| Failure::of(format!("cannot start `{}`", shown(command)), error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Failure::new(format!("`{}` failed: {}\n{}", shown(command), output.status, errors.trim_end())))
}

/// Whether the command can be started and succeeds; it prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Waits until its input closes, which happens when we drop it or die in whatever way; then ends the program politely,
/// after ten seconds with force, then whatever it left behind in its process group, and removes the folder.
const GUARD: &str = r#"
while read -r _; do :; done
kill -s "$2" "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do
  # It may have ended with nobody there to hear of it.
  case "$(ps -o stat= -p "$1" 2>/dev/null)" in Z*) break ;; esac
  sleep 0.1
  tries=$((tries + 1))
done
kill -9 "$1" 2>/dev/null
kill -9 "-$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
"#;

/// The guard of the process `id`, which waits for the end of `input`.
fn guard(id: u32, signal: &str, folder: Option<&Folder>, input: Stdio) -> Command {
    let mut guard = Command::new("sh");
    guard.args(["-c", GUARD, "guard", &id.to_string(), signal]);
    guard.arg(folder.map(|folder| folder.path().as_os_str()).unwrap_or_default());
    guard.stdin(input).process_group(0);
    guard
}

/// A program in the background that ends with us, even when we are killed.
///
/// It leads a process group of its own, so that a Ctrl-C at the terminal reaches us and not it: it is ended once, in order.
pub(crate) struct Guarded {
    child: Child,
    guard: Child,
    /// Removed by the guard, after the program.
    _folder: Option<Folder>,
}

impl Guarded {
    /// Starts the program; `signal` (INT, TERM) asks it to end, and `folder` goes when it has ended.
    pub(crate) fn start(command: &mut Command, signal: &str, folder: Option<Folder>) -> Result<Self, Failure> {
        let what = shown(command);
        let mut child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::of(format!("cannot start `{what}`"), error))?;
        let guard = guard(child.id(), signal, folder.as_ref(), Stdio::piped()).spawn();
        match guard {
            Ok(guard) => Ok(Self { child, guard, _folder: folder }),
            Err(error) => {
                let _ended = child.kill();
                let _reaped = child.wait();
                Err(Failure::of("cannot start sh", error))
            }
        }
    }

    /// Whether the program has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The program's process id.
    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _reaped = self.child.wait();
        let _reaped = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_program_ends_and_its_folder_goes_when_the_guard_is_dropped() {
        let folder = Folder::create("guarded").unwrap();
        let path = folder.path().to_path_buf();
        let mut guarded = Guarded::start(Command::new("sleep").arg("600"), "TERM", Some(folder)).unwrap();
        let id = guarded.id().to_string();
        assert!(!guarded.has_ended());
        drop(guarded);
        assert!(!succeeds(Command::new("kill").args(["-0", &id])));
        assert!(!path.exists());
    }

    #[test]
    fn a_guarded_program_ends_when_its_owner_is_killed() {
        let folder = Folder::create("killed").unwrap();
        let mut program = Command::new("sleep").arg("600").spawn().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut owner = Command::new("sleep").arg("600").stdout(writer).spawn().unwrap();
        let mut guard = guard(program.id(), "TERM", Some(&folder), reader.into()).spawn().unwrap();
        assert!(program.try_wait().unwrap().is_none());
        owner.kill().unwrap();
        assert!(!program.wait().unwrap().success());
        assert!(guard.wait().is_ok());
        assert!(!folder.path().exists());
        owner.wait().unwrap();
    }

    #[test]
    fn what_a_guarded_program_left_behind_ends_too() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo started; wait"]).stdout(writer);
        let guarded = Guarded::start(&mut command, "TERM", None).unwrap();
        drop(command);
        let mut said = [0; 8];
        std::io::Read::read_exact(&mut reader, &mut said).unwrap();
        drop(guarded);
        // The pipe ends when nobody holds its other end: neither the shell nor the sleep.
        assert_eq!(std::io::Read::read(&mut reader, &mut said).unwrap(), 0);
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_what_it_started() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & wait"]).stdout(writer);
        let failure = run_within(&mut command, Duration::from_millis(200)).unwrap_err();
        drop(command);
        assert!(failure.to_string().contains("had not ended"), "{failure}");
        assert_eq!(std::io::Read::read(&mut reader, &mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_failure_carries_the_error_output() {
        let failure = output(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err();
        assert!(failure.to_string().contains("because"), "{failure}");
    }
}
