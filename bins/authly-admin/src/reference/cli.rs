//! The reference of the command line, from clap's tree of commands.

use clap::{Command, CommandFactory as _};

use crate::args::Cli;

pub(super) fn markdown() -> String {
    let mut root = Cli::command().max_term_width(100).term_width(100);
    root.build();
    let mut out = String::from("# authly-admin\n\n");
    section(&mut root, "authly-admin", 1, &mut out);
    out
}

fn section(command: &mut Command, path: &str, depth: usize, out: &mut String) {
    if depth > 1 {
        out.push_str(&format!("\n{} `{path}`\n\n", "#".repeat(depth.min(6))));
    }
    let help = command.render_help().to_string();
    let help: Vec<&str> = help.trim().lines().map(str::trim_end).collect();
    out.push_str(&format!("```text\n{}\n```\n", help.join("\n")));
    for inner in command.get_subcommands_mut() {
        if inner.is_hide_set() || inner.get_name() == "help" {
            continue;
        }
        let path = format!("{path} {}", inner.get_name());
        section(inner, &path, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_reference() {
        let text = markdown();
        for path in ["status", "client create", "user set-password", "keys rewrap", "migrate schema up", "completion"] {
            assert!(text.contains(&format!("`authly-admin {path}`")), "{path}");
        }
        assert!(!text.contains("authly-admin reference"), "hidden commands stay hidden");
        assert!(text.contains("--post-logout-redirect-uri"));
    }
}
