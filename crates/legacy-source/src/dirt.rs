//! What is wrong with a row.

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dirt {
    /// The address of the person before, in capitals.
    CaseTwin,
    /// An address with a letter of one code point ..
    Composed,
    /// .. and the same address with the letter of two.
    Decomposed,
    NullEmail,
    BlankEmail,
    PaddedEmail,
    NoAddress,
    LongEmail,
    LongName,
    Quotes,
    Deleted,
    Inactive,
    Linked,
    LinkNull,
    LinkNil,
    LinkJunk,
    NoPassword,
    HostileTime,
    HostileMemory,
    HugeHash,
    Undeclared,
    Unsupported,
    UsernameIsEmail,
    NullUsername,
    TimeInfinite,
    TimeMissing,
    TimeZero,
    UnknownStatus,
    OrphanTenant,
    UnknownRole,
    SuperAdmin,
    Locked,
    Control,
}

const ALL: [Dirt; 33] = [
    Dirt::CaseTwin,
    Dirt::Composed,
    Dirt::Decomposed,
    Dirt::NullEmail,
    Dirt::BlankEmail,
    Dirt::PaddedEmail,
    Dirt::NoAddress,
    Dirt::LongEmail,
    Dirt::LongName,
    Dirt::Quotes,
    Dirt::Deleted,
    Dirt::Inactive,
    Dirt::Linked,
    Dirt::LinkNull,
    Dirt::LinkNil,
    Dirt::LinkJunk,
    Dirt::NoPassword,
    Dirt::HostileTime,
    Dirt::HostileMemory,
    Dirt::HugeHash,
    Dirt::Undeclared,
    Dirt::Unsupported,
    Dirt::UsernameIsEmail,
    Dirt::NullUsername,
    Dirt::TimeInfinite,
    Dirt::TimeMissing,
    Dirt::TimeZero,
    Dirt::UnknownStatus,
    Dirt::OrphanTenant,
    Dirt::UnknownRole,
    Dirt::SuperAdmin,
    Dirt::Locked,
    Dirt::Control,
];

/// The dirt of a row: every kind once in each stretch of rows; short stretches where there are few rows. The first ten rows are
/// clean, so that guides and canaries have somebody.
pub(crate) fn of(row: u32, users: u32) -> Option<Dirt> {
    let stretch = if users < 5_000 { 60 } else { 500 };
    let place = usize::try_from(row % stretch).unwrap_or(0);
    ALL.get(place.checked_sub(11)?).copied()
}
