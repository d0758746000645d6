//! Hashes as they stand, put together by what they have in common.

/// The hash that verifies.
macro_rules! effective {
    () => {
        "CASE WHEN upgraded_hash IS NULL OR upgraded_from IS DISTINCT FROM password_hash THEN password_hash ELSE upgraded_hash END"
    };
}

/// What hashes of one scheme have in common, as `authly_cutover::board::mark` says it; first of bcrypt, which most have, and which is
/// told apart more quickly than cut out.
macro_rules! mark {
    () => {
        "CASE WHEN hash LIKE '$2b$%' THEN '$2b'
              WHEN hash LIKE '$2y$%' THEN '$2y'
              WHEN hash LIKE '$2a$%' THEN '$2a'
              WHEN starts_with(hash, '$') THEN '$' || left(split_part(hash, '$', 2), 24)
              WHEN starts_with(hash, '{') THEN left(split_part(hash, '}', 1), 32)
              WHEN starts_with(hash, 'wrapped:') THEN 'wrapped:'
              WHEN starts_with(hash, 'declared:') THEN 'declared:' || left(split_part(hash, ':', 2), 32)
              WHEN position('$' IN hash) BETWEEN 2 AND 41 THEN split_part(hash, '$', 1)
              ELSE length(hash) || CASE WHEN starts_with(hash, '*') THEN '*' ELSE '' END END"
    };
}

/// The hashes of one tenant, or of all, by what they have in common.
pub(super) const HASHES: &str = concat!(
    "SELECT min(hash), count(*) FROM (SELECT ",
    effective!(),
    " AS hash FROM users WHERE status <> 'deleted' AND ($1::uuid IS NULL OR tenant_id = $1)) AS effective
       WHERE hash IS NOT NULL GROUP BY ",
    mark!()
);

pub(super) use {effective, mark};
