//! Charts as SVG from the server: shapes that stretch to the width they get, and axes as text that does not.
//!
//! The policy of our pages allows no inline style, so colours come from the stylesheet by class and places from attributes. Every chart
//! has a title and a description, and the page that shows it has the same numbers in a table.

use std::borrow::Borrow;

use crate::markup::Markup;

/// One place on the time axis with the parts that stand on it, from the bottom up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayParts<'a> {
    /// The date (UTC), such as `2026-11-20`.
    pub date: &'a str,
    /// The parts; the unused ones are zero.
    pub parts: [u64; 4],
}

impl DayParts<'_> {
    pub(crate) fn total(&self) -> u64 {
        self.parts.iter().sum()
    }
}

/// The words of a chart.
pub(crate) struct Words<'a> {
    /// The id that its own ids begin with.
    pub(crate) id: &'a str,
    /// What it shows.
    pub(crate) title: &'a str,
    /// What can be seen in it.
    pub(crate) description: &'a str,
    /// The names of the parts, as direct labels beside the last day.
    pub(crate) parts: &'a [&'a str],
}

/// The classes of the parts.
const COLOURS: [&str; 4] = ["c1", "c2", "c3", "c4"];

/// The height of the shapes in the stylesheet, which labels are placed by.
const HEIGHT: f64 = 200.0;

/// A stacked area: how the parts changed from day to day.
pub(crate) fn area(words: &Words<'_>, days: &[DayParts<'_>]) -> Markup {
    let most = ceiling(days.iter().map(DayParts::total).max().unwrap_or(0));
    let width = days.len().saturating_sub(1).max(1);
    let mut svg = open(words, width, "plot", most);
    for (part, class) in COLOURS.iter().enumerate() {
        if days.iter().all(|day| day.parts.get(part).is_none_or(|value| *value == 0)) {
            continue;
        }
        let mut path = String::new();
        for (place, day) in days.iter().enumerate() {
            let command = if place == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{command}{place} {} ", height(sum(day, part + 1), most)));
        }
        for (place, day) in days.iter().enumerate().rev() {
            path.push_str(&format!("L{place} {} ", height(sum(day, part), most)));
        }
        path.push('Z');
        svg.raw("<path class=\"");
        svg.text(class);
        svg.raw("\" d=\"");
        svg.text(&path);
        svg.raw("\"/>");
    }
    svg.raw("</svg>");
    labels(&mut svg, words, days.last(), most);
    axis(&mut svg, days);
    svg
}

/// Columns: one for each day, with its parts on each other.
pub(crate) fn columns(words: &Words<'_>, days: &[DayParts<'_>]) -> Markup {
    let most = ceiling(days.iter().map(DayParts::total).max().unwrap_or(0));
    let mut svg = open(words, days.len().max(1), "plot low", most);
    for (place, day) in days.iter().enumerate() {
        for (part, class) in COLOURS.iter().enumerate() {
            let value = day.parts.get(part).copied().unwrap_or_default();
            if value == 0 {
                continue;
            }
            let (top, bottom) = (height(sum(day, part + 1), most), height(sum(day, part), most));
            svg.raw("<rect class=\"");
            svg.text(class);
            svg.raw("\" x=\"");
            svg.text(&format!("{:.2}", as_float(place) + 0.12));
            svg.raw("\" y=\"");
            svg.text(&top.to_string());
            svg.raw("\" width=\"0.76\" height=\"");
            svg.text(&format!("{:.2}", (bottom - top).max(0.0)));
            svg.raw("\"/>");
        }
        svg.raw("<rect class=\"hit\" x=\"");
        svg.text(&place.to_string());
        svg.raw("\" y=\"0\" width=\"1\" height=\"100\"><title>");
        svg.text(&format!("{}: {}", day.date, spaced(day.total())));
        svg.raw("</title>\n</rect>");
    }
    svg.raw("</svg>");
    axis(&mut svg, days);
    svg
}

/// A bar that is filled to `part` of `whole`; the number stands beside it.
pub(crate) fn bar(part: u64, whole: u64, class: &'static str, tall: bool) -> Markup {
    let mut svg = Markup::new();
    svg.raw(if tall { "<svg class=\"bar tall\"" } else { "<svg class=\"bar\"" });
    svg.raw(" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">");
    svg.raw("<rect class=\"track\" width=\"100\" height=\"10\"/><rect class=\"");
    svg.text(class);
    svg.raw("\" width=\"");
    svg.text(&share(part, whole).to_string());
    svg.raw("\" height=\"10\"/></svg>");
    svg
}

/// A number with narrow spaces between its groups of three digits.
pub(crate) fn spaced(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Per cent with one decimal behind `mark`, never rounded up: what is not complete never reads as 100.
pub(crate) fn percent(part: u64, whole: u64, mark: &str) -> Option<String> {
    let tenths = (u128::from(part) * 1_000).checked_div(u128::from(whole))?;
    Some(if tenths.is_multiple_of(10) {
        format!("{}\u{202f}%", tenths / 10)
    } else {
        format!("{}{mark}{}\u{202f}%", tenths / 10, tenths % 10)
    })
}

fn open(words: &Words<'_>, width: usize, class: &'static str, most: u64) -> Markup {
    let mut svg = Markup::new();
    svg.raw("<div class=\"");
    svg.raw(class);
    svg.raw("\"><div class=\"y\" aria-hidden=\"true\"><span>");
    svg.text(&spaced(most));
    svg.raw("</span>");
    if most.is_multiple_of(2) {
        svg.raw("<span>");
        svg.text(&spaced(most / 2));
        svg.raw("</span>");
    }
    svg.raw("<span>0</span></div><svg class=\"shapes\" role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
    svg.text(&width.to_string());
    svg.raw(" 100\" aria-labelledby=\"");
    svg.text(words.id);
    svg.raw("-title ");
    svg.text(words.id);
    svg.raw("-text\"><title id=\"");
    svg.text(words.id);
    svg.raw("-title\">");
    svg.text(words.title);
    svg.raw("</title>\n<desc id=\"");
    svg.text(words.id);
    svg.raw("-text\">");
    svg.text(words.description);
    svg.raw("</desc>");
    for line in ["0", "50", "100"] {
        svg.raw("<line x1=\"0\" x2=\"");
        svg.text(&width.to_string());
        svg.raw("\" y1=\"");
        svg.raw(line);
        svg.raw("\" y2=\"");
        svg.raw(line);
        svg.raw("\"/>");
    }
    svg
}

/// The height of a line of names.
const LINE: f64 = 17.0;

/// The names beside the last day, each with the colour of its part. Names of thin parts move up and down, so that each has a line.
fn labels(svg: &mut Markup, words: &Words<'_>, last: Option<&DayParts<'_>>, most: u64) {
    let Some(last) = last.filter(|_| !words.parts.is_empty()) else { return };
    svg.raw("<svg class=\"labels\" width=\"190\" height=\"200\" aria-hidden=\"true\" focusable=\"false\">");
    let mut lines: Vec<(&str, &str, f64)> = Vec::new();
    for (part, (name, class)) in words.parts.iter().zip(COLOURS).enumerate() {
        if last.parts.get(part).is_some_and(|value| *value > 0) {
            let (top, bottom) = (height(sum(last, part + 1), most), height(sum(last, part), most));
            lines.push((name, class, f64::midpoint(top, bottom) * HEIGHT / 100.0));
        }
    }
    spread(&mut lines);
    for (name, class, middle) in lines {
        svg.raw("<rect class=\"");
        svg.text(class);
        svg.raw("\" x=\"4\" width=\"4\" height=\"12\" y=\"");
        svg.text(&format!("{:.1}", middle - 6.0));
        svg.raw("\"/><text x=\"14\" y=\"");
        svg.text(&format!("{:.1}", middle + 4.5));
        svg.raw("\">");
        svg.text(name);
        svg.raw("</text>");
    }
    svg.raw("</svg>");
}

/// Moves lines, which come from the bottom up, as far apart as they are high, and none out of the chart.
fn spread(lines: &mut [(&str, &str, f64)]) {
    let mut lowest = HEIGHT - LINE / 2.0;
    for (_, _, middle) in lines.iter_mut() {
        *middle = middle.min(lowest);
        lowest = *middle - LINE;
    }
    let mut highest = LINE / 2.0;
    for (_, _, middle) in lines.iter_mut().rev() {
        *middle = middle.max(highest);
        highest = *middle + LINE;
    }
}

fn axis(svg: &mut Markup, days: &[DayParts<'_>]) {
    svg.raw("<div class=\"x\" aria-hidden=\"true\">");
    let shown = [days.first(), days.get(days.len() / 2), days.last()];
    for day in shown.into_iter().flatten() {
        svg.raw("<span>");
        svg.text(day.date);
        svg.raw("</span>");
    }
    svg.raw("</div></div>");
}

/// What the first `parts` of a day come to.
fn sum(day: &DayParts<'_>, parts: usize) -> u64 {
    day.parts.iter().take(parts).sum()
}

/// The place of a value, from the top, in hundredths with two decimals.
fn height(value: u64, most: u64) -> f64 {
    100.0 - share(value, most)
}

/// Hundredths with two decimals.
fn share(part: u64, whole: u64) -> f64 {
    let hundredths = (u128::from(part.min(whole)) * 10_000).checked_div(u128::from(whole)).unwrap_or(0);
    f64::from(u32::try_from(hundredths).unwrap_or(0)) / 100.0
}

/// A round number that is not below `most`: the top of the axis.
fn ceiling(most: u64) -> u64 {
    let mut unit = 1u64;
    loop {
        for step in [1, 2, 4, 6, 8] {
            let top = unit.saturating_mul(step);
            if top >= most {
                return top.max(2);
            }
        }
        let next = unit.saturating_mul(10);
        if next == unit {
            return most;
        }
        unit = next;
    }
}

fn as_float(place: usize) -> f64 {
    f64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words { id: "x", title: "T", description: "D", parts: &["one", "two"] };

    #[test]
    fn the_shapes_are_as_high_as_the_numbers() {
        let days = [
            DayParts { date: "2026-01-01", parts: [2, 2, 0, 0] },
            DayParts { date: "2026-01-02", parts: [1, 3, 0, 0] },
        ];
        let svg = area(&WORDS, &days).to_string();
        assert!(svg.contains("<path class=\"c1\" d=\"M0 50 L1 75 L1 100 L0 100 Z\"/>"), "{svg}");
        assert!(svg.contains("<path class=\"c2\" d=\"M0 0 L1 0 L1 75 L0 50 Z\"/>"), "{svg}");
        assert!(!svg.contains("class=\"c3\""), "a part that is nowhere has no shape");
        let svg = columns(&WORDS, &days).to_string();
        assert!(svg.contains("<rect class=\"c2\" x=\"1.12\" y=\"0\" width=\"0.76\" height=\"75.00\"/>"), "{svg}");
        assert!(svg.contains("<title>2026-01-02: 4</title>"), "{svg}");
    }

    #[test]
    fn the_axis_ends_at_a_round_number_above_the_highest() {
        for (most, top) in [(0, 2), (1, 2), (3, 4), (5, 6), (9, 10), (11, 20), (61, 80), (99_999, 100_000)] {
            assert_eq!(ceiling(most), top, "{most}");
        }
        assert_eq!(ceiling(u64::MAX), u64::MAX);
    }

    #[test]
    fn what_is_not_complete_never_reads_as_a_hundred() {
        assert_eq!(percent(99_999, 100_000, ".").as_deref(), Some("99.9\u{202f}%"));
        assert_eq!(percent(1, 1, ".").as_deref(), Some("100\u{202f}%"));
        assert_eq!(percent(1, 8, ",").as_deref(), Some("12,5\u{202f}%"));
        assert_eq!(percent(0, 0, "."), None);
        assert_eq!(spaced(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(spaced(123), "123");
    }

    #[test]
    fn every_part_of_the_last_day_has_its_name_in_a_line_of_its_own() {
        let words = Words { parts: &["one", "two", "three", "four"], ..WORDS };
        for parts in [[1, 1, 997, 1], [997, 1, 1, 1], [1, 1, 1, 997], [250, 250, 250, 250]] {
            let svg = area(&words, &[DayParts { date: "2026-01-01", parts }]).to_string();
            let lines = svg.split("<text x=\"14\" y=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
            let lines: Vec<f64> = lines.map(|line| line.parse().unwrap_or(f64::NAN)).collect();
            assert_eq!(lines.len(), 4, "{parts:?}");
            assert!(lines.iter().all(|line| (10.0..=HEIGHT).contains(line)), "{parts:?}: {lines:?}");
            assert!(lines.is_sorted_by(|below, above| below - above >= LINE - 0.2), "{parts:?}: {lines:?}");
        }
        let svg = area(&words, &[DayParts { date: "2026-01-01", parts: [0, 1, 0, 0] }]).to_string();
        assert!(svg.contains(">two</text>") && !svg.contains(">one</text>"), "{svg}");
    }

    #[test]
    fn a_name_does_not_become_markup() {
        let words = Words { title: "<b>", parts: &["<i>"], ..WORDS };
        let svg = area(&words, &[DayParts { date: "<u>", parts: [1, 0, 0, 0] }]).to_string();
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("<u>"));
    }
}
