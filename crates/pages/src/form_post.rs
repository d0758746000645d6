//! The page that carries an authorization response to the application by POST (OAuth 2.0 Form Post Response Mode).
//!
//! One script file of our own submits the form; where scripts are off a button does.

use askama::Template;

use crate::{
    frame::{Frame, render},
    link::FormTarget,
};

/// The page that posts an authorization response.
#[derive(Debug, Clone, Copy)]
pub struct FormPost<'a> {
    /// The redirect URI. The policy of this page must name its origin in `form-action`.
    pub target: FormTarget<'a>,
    /// The parameters of the response, in order.
    pub fields: &'a [(&'a str, &'a str)],
    /// The name of the application.
    pub client: &'a str,
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct Page<'a> {
    view: &'a FormPost<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the page that posts an authorization response.
#[must_use]
pub fn form_post(view: &FormPost<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, frame })
}
