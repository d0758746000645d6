//! The reference of the error codes.

use std::fmt::Write as _;

use super::in_cell;

pub(super) fn markdown() -> String {
    let mut out = String::from(
        "# Error codes\n\nWhat `error` holds in answers of the token, revocation, introspection, userinfo and registration \
         endpoints, and in redirects of the authorization endpoint. Descriptions beside it are for developers and may change; \
         the code does not.\n\n| code | defined in | when |\n| --- | --- | --- |\n",
    );
    for (code, section, meaning) in oauth_core::error::reference() {
        let _ = writeln!(out, "| `{code}` | {} | {} |", in_cell(section), in_cell(meaning));
    }
    out
}
