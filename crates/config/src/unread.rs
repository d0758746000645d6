//! Why a file cannot be read, in words for people.

use std::io;

/// The reason; never the path, which is named already.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::FileTooLarge => "it is larger than 1 MiB".to_owned(),
        io::ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::load;

    #[test]
    fn a_file_that_is_not_there_is_called_so() {
        for (kind, told) in [
            (io::ErrorKind::NotFound, "there is no such file"),
            (io::ErrorKind::PermissionDenied, "this user may not"),
            (io::ErrorKind::IsADirectory, "it is a folder"),
        ] {
            let unread = move |_: &Path| Err(io::Error::from(kind));
            for name in ["AUTHLY_CONFIG", "SECRET_ENCRYPTION_KEY_FILE", "AUTHLY_DB_CA_CERT"] {
                let problems = load([(name, "some.file")], unread);
                assert!(problems.problems().iter().any(|one| one.to_string().contains(told)), "{name}: {told}");
            }
        }
    }
}
