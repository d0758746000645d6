//! The use cases behind authly-admin and the admin API.
