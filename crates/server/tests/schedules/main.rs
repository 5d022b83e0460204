//! Ten thousand random schedules of posts, decisions, drops, restarts and repeats over the pure parts together: the
//! injector's machine, the platform's desk, a store that keeps the rules, and the panel. Whatever the order, each card
//! is shown at most once, each decision counts exactly once, and no slot is lost.

mod line;
mod panel;
mod store;
mod world;

use proptest::prelude::*;
use world::{World, happening};

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_ends_well(schedule in proptest::collection::vec(happening(), 1..60)) {
        let mut world = World::default();
        for happening in schedule {
            world.happen(happening);
        }
        world.settle();
        world.check();
    }
}
