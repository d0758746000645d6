//! Mails as `.eml` files in a folder: for trying out, and where another program sends them (C-17).

use std::{
    io,
    path::{Path, PathBuf},
};

use authly_directory::mail::outbox::Attempted;

use crate::courier::{Courier, Handed, Outgoing};

/// A folder for mails.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`; it is made when the first mail comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file of a mail: in order of time, and the same at every attempt.
    pub fn file_of(&self, mail: &Outgoing) -> PathBuf {
        self.path.join(format!("{}.eml", mail.id))
    }

    /// Writes beside and renames: who watches the folder sees whole files only. In order: what came of each.
    pub(crate) async fn put(&self, mails: &[Outgoing]) -> Vec<Result<(), String>> {
        let path = self.path.clone();
        if let Err(why) = blocking(move || create_private(&path)).await {
            return mails.iter().map(|_| Err(self.told(&why))).collect();
        }
        let share = mails.len().div_ceil(THREADS).max(1);
        let tasks: Vec<_> = mails.chunks(share).map(|part| (part.len(), self.start(part))).collect();
        let mut done = Vec::with_capacity(mails.len());
        for (count, task) in tasks {
            match task.await {
                Ok(results) => done.extend(results.into_iter().map(|result| result.map_err(|why| self.told(&why)))),
                Err(why) => done.extend((0..count).map(|_| Err(why.to_string()))),
            }
        }
        // The names must be as durable as the content, before anybody says that a mail is written.
        #[cfg(unix)]
        {
            let path = self.path.clone();
            if let Err(why) = blocking(move || std::fs::File::open(&path)?.sync_all()).await {
                return mails.iter().map(|_| Err(self.told(&why))).collect();
            }
        }
        done
    }

    /// Begins to write some files on a thread of their own.
    fn start(&self, mails: &[Outgoing]) -> tokio::task::JoinHandle<Vec<io::Result<()>>> {
        let file =
            |mail: &Outgoing| (self.path.join(format!(".{}.part", mail.id)), self.file_of(mail), mail.bytes.clone());
        let files: Vec<_> = mails.iter().map(file).collect();
        tokio::task::spawn_blocking(move || {
            let write = |(draft, file, bytes): (PathBuf, PathBuf, Vec<u8>)| {
                write_private(&draft, &bytes)?;
                std::fs::rename(&draft, &file)
            };
            files.into_iter().map(write).collect()
        })
    }

    fn told(&self, why: &io::Error) -> String {
        format!("{}: {why}", self.path.display())
    }
}

/// Files that are on their way to the disk at the same time.
const THREADS: usize = 8;

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

impl Courier for Folder {
    async fn carry(&mut self, mail: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        if !begin.await {
            return Handed::NotOurs;
        }
        let done = self.put(std::slice::from_ref(mail)).await.pop();
        Handed::Tried(match done.unwrap_or_else(|| Err("nothing was written".to_owned())) {
            Ok(()) => Attempted::Accepted,
            Err(why) => Attempted::Postponed(why),
        })
    }

    async fn rest(&mut self) {}
}

/// Mails hold links that open accounts: only their owner may read them.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a new file. What an attempt left that was cut short goes, and so does a link that somebody else put there: nothing is written
/// through it.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}
