//! Hashes as they stand, put together by what they have in common.

/// The hash that verifies.
macro_rules! effective {
    () => {
        "COALESCE(CASE WHEN upgraded_from IS NOT DISTINCT FROM password_hash THEN upgraded_hash END, password_hash)"
    };
}

/// What hashes of one scheme have in common, as `authly_cutover::board::mark` says it; said apart of bcrypt, which most have, since
/// that is quicker.
macro_rules! mark {
    () => {
        "CASE WHEN hash LIKE '$2_$%' THEN left(hash, 3)
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
