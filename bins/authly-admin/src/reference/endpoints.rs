//! The reference of the endpoints, from the one table.

use std::fmt::Write as _;

use oauth_core::endpoint::{Availability, Cors, Endpoint};

use super::in_cell;

pub(super) fn markdown() -> String {
    let mut out = String::from(
        "# Endpoints\n\nEvery path below the issuer, made from the table that routes and metadata come from. HEAD is answered \
         like GET.\n\n- **answers**: `oauth` while OAuth is enabled (404 otherwise), `legacy` while the password login is \
         enabled, `always` otherwise.\n- **other origins**: whose scripts may read the answer, without credentials: `clients` \
         are the redirect origins of active clients and `CORS_ORIGINS`.\n\n\
         | path | methods | answers | other origins | in the metadata | what it is |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for endpoint in Endpoint::ALL {
        let answers = match endpoint.availability() {
            Availability::Always => "always",
            Availability::Legacy => "legacy",
            Availability::OAuth => "oauth",
        };
        let cors = match endpoint.cors() {
            Cors::Anyone => "anyone",
            Cors::Clients => "clients",
            Cors::Nobody => "nobody",
        };
        let metadata = endpoint.metadata().map_or_else(|| "-".to_owned(), |name| format!("`{name}`"));
        let _ = writeln!(
            out,
            "| `{}` | {} | {answers} | {cors} | {metadata} | {} |",
            endpoint.path(),
            endpoint.methods().join(", "),
            in_cell(endpoint.doc().trim()),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_has_a_row_of_six_cells() {
        let text = markdown();
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), Endpoint::ALL.len());
        assert!(rows.iter().all(|row| row.matches(" | ").count() == 5), "{text}");
    }
}
