//! What prompts must keep, by example and over random lists of snippets.

use proptest::prelude::*;

use super::*;

const GOOD: Offer = Offer {
    snippets: 2,
    level: 5,
    is_override: true,
    age: Millis(0),
    ttl: Millis::from_secs(45),
};

fn code(offer: &Offer) -> &'static str {
    check(offer).map_or_else(|refusal| refusal.code(), |()| "")
}

#[test]
fn each_rule_has_its_edges() {
    let with = |change: fn(&mut Offer, u64), value| {
        let mut offer = GOOD;
        change(&mut offer, value);
        code(&offer)
    };
    let level = |value| {
        with(
            |offer, value| {
                offer.level = u8::try_from(value).unwrap();
                offer.is_override = false;
            },
            value,
        )
    };
    assert_eq!(
        [0, 1, 5, 6, 255].map(level),
        ["invalid_field", "", "", "invalid_field", "invalid_field"]
    );
    let ttl = |value| with(|offer, value| offer.ttl = Millis(value), value);
    assert_eq!(
        [0, 9_999, 10_000, 120_000, 120_001].map(ttl),
        ["invalid_field", "invalid_field", "", "", "invalid_field"]
    );
    let snippets = |value| {
        with(
            |offer, value| offer.snippets = usize::try_from(value).unwrap(),
            value,
        )
    };
    assert_eq!(
        [0, 1, 10, 11, 10_000].map(snippets),
        ["snippet_limit", "", "", "snippet_limit", "snippet_limit"]
    );
    let override_at = |value| {
        with(
            |offer, value| offer.level = u8::try_from(value).unwrap(),
            value,
        )
    };
    assert_eq!(
        [1, 3, 4, 5].map(override_at),
        ["priority_override", "priority_override", "", ""]
    );
    let age = |value| with(|offer, value| offer.age = Millis(value), value);
    assert_eq!([0, 2_000, 2_001].map(age), ["", "", "stale"]);
}

#[test]
fn a_refusal_says_what_was_wrong_and_what_was_expected() {
    let refusal = |offer| check(&offer).unwrap_err().to_string();
    assert_eq!(
        refusal(Offer { level: 3, ..GOOD }),
        "override at priority level 3, expected 4 or more for an override"
    );
    assert_eq!(
        refusal(Offer {
            snippets: 11,
            ..GOOD
        }),
        "prompt has 11 snippets, expected 1 to 10"
    );
    assert_eq!(
        refusal(Offer {
            ttl: Millis(9),
            ..GOOD
        }),
        "time to live is 9 ms, expected 10000 ms to 120000 ms"
    );
    assert_eq!(
        refusal(Offer {
            age: Millis(2_500),
            ..GOOD
        }),
        "prompt is 2500 ms old, expected at most 2000 ms"
    );
}

#[test]
#[expect(clippy::float_cmp, reason = "to the last digit, as it was recorded")]
fn relevance_is_that_of_deployed_publishers_to_the_last_digit() {
    assert_eq!(relevance(2, true), 0.799_999_999_999_999_9);
    assert_eq!(relevance(0, false), 0.6);
    assert_eq!(relevance(1, false), 0.65);
    assert_eq!(relevance(6, false), relevance(10_000, false));
    assert_eq!(relevance(10, true), 0.999_999_999_999_999_9);
}

fn snippet(id: usize, tags: &[&str], source: &str) -> Snippet {
    Snippet {
        id: id.to_string(),
        content: "text".into(),
        tags: tags.iter().map(ToString::to_string).collect(),
        source: source.into(),
    }
}

fn ids(snippets: &[Snippet]) -> Vec<&str> {
    snippets.iter().map(|snippet| snippet.id.as_str()).collect()
}

#[test]
fn what_fits_stays_as_it_came_and_what_does_not_is_ranked() {
    let topics = ["Billing".to_owned(), "refund".to_owned()];
    let trusted = ["CRM".to_owned()];
    let mut snippets: Vec<Snippet> = (0..10).map(|id| snippet(id, &[], "WIKI")).collect();
    snippets[9] = snippet(9, &["billing"], "WIKI");
    assert_eq!(best(snippets.clone(), &topics, &trusted), snippets);
    snippets.extend([
        snippet(10, &["BILLING", "Refund"], "WIKI"),
        snippet(11, &["billing", "Billing"], "crm"),
        snippet(12, &[], "CRM"),
    ]);
    assert_eq!(
        ids(&best(snippets, &topics, &trusted)),
        ["10", "11", "9", "12", "0", "1", "2", "3", "4", "5"]
    );
}

proptest! {
    /// Nothing that was left out is better than something that was taken.
    #[test]
    fn the_best_are_taken(
        snippets in prop::collection::vec((prop::sample::subsequence(vec!["a", "b", "C"], 0..=3), any::<bool>()), 0..40),
    ) {
        let topics = ["A".to_owned(), "b".to_owned()];
        let all: Vec<Snippet> = snippets
            .iter()
            .enumerate()
            .map(|(id, (tags, is_trusted))| snippet(id, tags, if *is_trusted { "CRM" } else { "WIKI" }))
            .collect();
        let taken = best(all.clone(), &topics, &["CRM".to_owned()]);
        prop_assert_eq!(taken.len(), all.len().min(MAX_SNIPPETS));
        let rank = |snippet: &Snippet| {
            let on_topic = snippet.tags.iter().filter(|tag| *tag != "C").count();
            let place = snippet.id.parse::<usize>().unwrap();
            (Reverse(on_topic), snippet.source != "CRM", place)
        };
        if all.len() > MAX_SNIPPETS {
            let mut ranks: Vec<_> = all.iter().map(rank).collect();
            ranks.sort();
            ranks.truncate(MAX_SNIPPETS);
            prop_assert_eq!(taken.iter().map(rank).collect::<Vec<_>>(), ranks);
        } else {
            prop_assert_eq!(taken, all);
        }
    }
}
