//! Metrics of a server that sends mails: the outbox, and how far invitations are.

use std::{collections::BTreeMap, fmt::Write as _};

use authly_directory::{invite::InvitationFigures, mail::outbox::MailState};
use authly_runtime::mail::MailGauges;
use oauth_core::time::Timestamp;

/// The most tenants that have a label of their own; the rest share one.
const TENANTS: usize = 100;

/// The label of those that share one; a short name never looks like it.
const OTHERS: &str = "_other";

/// The text that `/metrics` appends.
pub(crate) fn render(gauges: &MailGauges, now: Timestamp) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "# HELP authly_mail_outbox Mails in the outbox by state.\n# TYPE authly_mail_outbox gauge");
    for state in MailState::ALL {
        let count = gauges.states.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
        let _ = writeln!(text, "authly_mail_outbox{{state=\"{}\"}} {count}", state.as_str());
    }
    let age = gauges.oldest.map_or(0, |oldest| now.since(oldest).as_secs());
    let name = "authly_mail_oldest_seconds";
    let _ = writeln!(text, "# HELP {name} Age of the oldest mail that waits.\n# TYPE {name} gauge\n{name} {age}");
    let name = "authly_invitations_total";
    let _ = writeln!(text, "# HELP {name} Invited accounts by tenant and state.\n# TYPE {name} gauge");
    for (tenant, states) in by_label(&gauges.invitations) {
        for (state, count) in states {
            let _ = writeln!(text, "{name}{{tenant=\"{tenant}\",state=\"{state}\"}} {count}");
        }
    }
    text
}

/// The counts by label; tenants beyond the limit share one, the largest keep their own.
fn by_label(figures: &[InvitationFigures]) -> BTreeMap<&str, BTreeMap<&'static str, u64>> {
    let mut largest: Vec<&InvitationFigures> = figures.iter().collect();
    largest.sort_by_key(|one| std::cmp::Reverse(one.sent + one.queued));
    let mut labels: BTreeMap<&str, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for (place, one) in largest.into_iter().enumerate() {
        let slug = one.slug.as_deref().unwrap_or_default();
        let plain = slug.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        let label = if plain && place < TENANTS { slug } else { OTHERS };
        let states = labels.entry(label).or_default();
        for (state, count) in [
            ("completed", one.completed),
            ("failed", one.failed),
            ("opened", one.opened),
            ("queued", one.queued),
            ("sent", one.sent),
            ("unknown", one.unknown),
        ] {
            *states.entry(state).or_default() += count;
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(slug: &str, sent: u64) -> InvitationFigures {
        InvitationFigures { slug: Some(slug.into()), sent, opened: 1, ..InvitationFigures::default() }
    }

    #[test]
    fn the_outbox_and_the_funnel_are_told() {
        let now = Timestamp::from_seconds(1_000);
        let gauges = MailGauges {
            states: vec![(MailState::Queued, 3), (MailState::Unknown, 1)],
            oldest: Some(Timestamp::from_seconds(900)),
            invitations: vec![figures("acme", 7)],
        };
        let text = render(&gauges, now);
        for line in [
            "authly_mail_outbox{state=\"queued\"} 3",
            "authly_mail_outbox{state=\"sent\"} 0",
            "authly_mail_outbox{state=\"unknown\"} 1",
            "authly_mail_oldest_seconds 100",
            "authly_invitations_total{tenant=\"acme\",state=\"sent\"} 7",
            "authly_invitations_total{tenant=\"acme\",state=\"opened\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let idle = render(&MailGauges { oldest: None, ..gauges }, now);
        assert!(idle.contains("authly_mail_oldest_seconds 0"));
    }

    #[test]
    fn the_number_of_labels_is_bounded_and_no_name_breaks_a_line() {
        let mut all: Vec<_> =
            (0..TENANTS as u64 + 50).map(|number| figures(&format!("t{number}"), number + 1)).collect();
        all.push(figures("a\"b\nc", 9_999));
        let labels = by_label(&all);
        assert_eq!(labels.len(), TENANTS);
        assert_eq!(labels[OTHERS]["sent"], 9_999 + (1..=51).sum::<u64>());
        assert!(labels.contains_key("t149") && !labels.contains_key("t0"));
    }
}
