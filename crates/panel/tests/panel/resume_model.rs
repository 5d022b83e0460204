//! Whatever breaks in between, the panel ends up with the broker's live cards, and has shown none of them twice.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::world::{World, happening};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_feed_is_what_is_live(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        world.settle();
        let live: BTreeSet<_> = world.broker.live.keys().cloned().collect();
        prop_assert_eq!(world.shown(), live);
    }
}
