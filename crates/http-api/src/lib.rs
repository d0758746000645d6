//! OAuth, OpenID Connect, the legacy contract and the pages over actix-web.
