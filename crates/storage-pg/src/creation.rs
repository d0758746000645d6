//! How a database that is not there is made: a command that can be pasted.

use tokio_postgres::{Config, config::Host};

/// The command that makes a database of that name for the user of the address, run by somebody who may.
pub(crate) fn command(config: &Config, name: &str) -> String {
    let mut words = vec!["createdb".to_owned()];
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => words.extend(["-h".to_owned(), quoted(host)]),
        Some(Host::Unix(folder)) => words.extend(["-h".to_owned(), quoted(&folder.to_string_lossy())]),
        None => {}
    }
    words.extend(config.get_ports().first().filter(|port| **port != 5432).map(|port| format!("-p {port}")));
    words.extend(config.get_user().map(|user| format!("-O {}", quoted(user))));
    words.push(quoted(name));
    words.join(" ")
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+".contains(c);
    let begins = word.chars().next().is_some_and(plain);
    if begins && word.chars().all(|c| plain(c) || c == '-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted() {
        for (url, told) in [
            ("postgresql://u:p@db:6000/shop", "createdb -h db -p 6000 -O u shop"),
            ("postgresql://u@/shop?host=%2Frun%2Fpg", "createdb -h /run/pg -O u shop"),
            ("postgresql://o%27neil@db/my%20shop", "createdb -h db -O 'o'\\''neil' 'my shop'"),
            ("postgresql://u@db/-x", "createdb -h db -O u '-x'"),
        ] {
            let config: Config = url.parse().unwrap();
            assert_eq!(command(&config, config.get_dbname().unwrap()), told);
        }
    }
}
