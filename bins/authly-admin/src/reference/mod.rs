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
