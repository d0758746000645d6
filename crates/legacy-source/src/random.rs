//! Numbers that look random and are the same for the same seed (SplitMix64).

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    /// The stream of one row.
    pub(crate) fn of(seed: u64, row: u64) -> Self {
        let mut stream = Self(seed ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        stream.next();
        stream
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of these.
    pub(crate) fn of_these<'a>(&mut self, items: &[&'a str]) -> &'a str {
        let place = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items.get(place).copied().unwrap_or_default()
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000;
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        let digits = format!("{high:016x}{low:016x}");
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// A time of the last years, as `2023-05-17 08:21:44`.
    pub(crate) fn time(&mut self) -> String {
        let (month, day) = (self.below(12) + 1, self.below(28) + 1);
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        format!("{}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}", 2015 + self.below(10))
    }
}
