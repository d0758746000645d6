//! Which languages a reader wants: `ui_locales` (OpenID Connect Core 3.1.2.1), then `Accept-Language` (RFC 9110 12.5.4).

/// How many tags of each source are looked at.
const LIMIT: usize = 20;

/// Orders the language tags that a request names, most wanted first: those of `ui_locales`, then those of `Accept-Language` by weight.
///
/// Malformed parts are passed over: a language preference is never a reason to refuse a request.
#[must_use]
pub fn preferences<'a>(ui_locales: Option<&'a str>, accept_language: Option<&'a str>) -> Vec<&'a str> {
    let mut tags: Vec<&str> =
        ui_locales.unwrap_or_default().split_ascii_whitespace().filter(|tag| is_tag(tag)).take(LIMIT).collect();
    let mut weighted: Vec<(&str, u16)> =
        accept_language.unwrap_or_default().split(',').filter_map(weighted_tag).take(LIMIT).collect();
    // Stable, so that equal weights keep the reader's order.
    weighted.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    tags.extend(weighted.into_iter().map(|(tag, _)| tag));
    tags
}

/// Whether two tags name the same language, or `wanted` a region or script of `offered`.
pub(crate) fn matches(wanted: &str, offered: &str) -> bool {
    wanted.eq_ignore_ascii_case(offered)
        || wanted.get(..offered.len()).is_some_and(|prefix| {
            prefix.eq_ignore_ascii_case(offered) && wanted[offered.len()..].starts_with(['-', '_'])
        })
}

fn weighted_tag(part: &str) -> Option<(&str, u16)> {
    let mut pieces = part.split(';').map(str::trim);
    let tag = pieces.next().filter(|tag| is_tag(tag))?;
    let weight = match pieces.next() {
        None => 1000,
        Some(weight) => thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    (weight > 0).then_some((tag, weight))
}

/// A weight of RFC 9110 12.4.2 (0 to 1, three decimals) in thousandths.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "0" if digits => format!("{decimals:0<3}").parse().ok(),
        "1" if digits && decimals.bytes().all(|b| b == b'0') => Some(1000),
        _ => None,
    }
}

fn is_tag(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ui_locales_come_before_accept_language() {
        assert_eq!(preferences(Some("fr-CA fr en"), Some("de")), ["fr-CA", "fr", "en", "de"]);
    }

    #[test]
    fn accept_language_is_ordered_by_weight_and_then_by_place() {
        assert_eq!(
            preferences(None, Some("da, en-GB;q=0.8, en;q=0.7, de;q=0.85, nl;q=0.8")),
            ["da", "de", "en-GB", "nl", "en"]
        );
    }

    #[test]
    fn refused_malformed_and_wild_parts_are_passed_over() {
        assert_eq!(
            preferences(None, Some("*, en;q=0, de;q=0.000, fr;q=2, it;q=abc, ,;;, sv;q=0.5, <script>;q=1")),
            ["sv"]
        );
        assert_eq!(preferences(Some("\"><img"), None), Vec::<&str>::new());
    }

    #[test]
    fn a_flood_of_tags_is_cut_off() {
        assert_eq!(preferences(None, Some(&"de,".repeat(10_000))).len(), LIMIT);
    }

    #[test]
    fn a_region_matches_its_language_and_nothing_longer() {
        assert!(matches("de-AT", "de") && matches("DE", "de") && matches("de_CH", "de"));
        assert!(!matches("del", "de") && !matches("d", "de") && !matches("en", "de"));
        assert!(!matches("é", "de"));
    }
}
