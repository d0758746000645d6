//! Pages of the reference, made from the code: settings, endpoints, error codes and this command line.

mod cli;
mod endpoints;
mod errors;

use crate::args::Page;

/// The page in Markdown.
pub(crate) fn page(page: Page) -> String {
    match page {
        Page::Configuration => authly_config::reference_markdown(),
        Page::Endpoints => endpoints::markdown(),
        Page::Errors => errors::markdown(),
        Page::Cli => cli::markdown(),
    }
}

/// A text inside a table: a bar would end the cell.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of requirements mean nothing to those who read the reference.
    #[test]
    fn no_page_shows_an_internal_number() {
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        for shown in [Page::Configuration, Page::Endpoints, Page::Errors, Page::Cli] {
            let text = page(shown);
            for mark in [" C-", "(C-", " S00", "(S00", "issue "] {
                let found = text.match_indices(mark).find(|(at, _)| text.get(at + mark.len()..).is_some_and(digit));
                assert_eq!(found, None, "{shown:?}");
            }
        }
    }
}
