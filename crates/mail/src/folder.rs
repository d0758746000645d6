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

    /// Writes beside and renames: who watches the folder sees whole files only.
    async fn put(&self, mail: &Outgoing) -> io::Result<()> {
        let (file, draft) = (self.file_of(mail), self.path.join(format!(".{}.part", mail.id)));
        let (path, bytes) = (self.path.clone(), mail.bytes.clone());
        let write = move || {
            create_private(&path)?;
            write_private(&draft, &bytes)?;
            std::fs::rename(&draft, &file)?;
            // The name must be as durable as the content, before anybody says that the mail is written.
            #[cfg(unix)]
            std::fs::File::open(&path)?.sync_all()?;
            Ok(())
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

impl Courier for Folder {
    async fn carry(&mut self, mail: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        if !begin.await {
            return Handed::NotOurs;
        }
        match self.put(mail).await {
            Ok(()) => Handed::Tried(Attempted::Accepted),
            Err(error) => Handed::Tried(Attempted::Postponed(format!("{}: {error}", self.path.display()))),
        }
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

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}
