//! Traces of the fault machine.

use proptest::prelude::*;

use super::*;

fn machine(seed: u64, rules: Vec<FaultRule>) -> FaultMachine {
    let mut machine = FaultMachine::new(seed);
    machine.set(rules).unwrap();
    machine
}

/// One letter for each of `calls` decisions: `.` nothing, else the fault's initial.
fn trace(machine: &mut FaultMachine, route: FaultRoute, moment: Moment, calls: usize) -> String {
    let letter = |decision: Decision| match decision.fault {
        None if decision.delay_ms > 0 => 'l',
        None => '.',
        Some(Fault::Status { .. }) => 's',
        Some(Fault::Reset) => 'r',
        Some(Fault::Garbage) => 'g',
        Some(Fault::Duplicate) => 'd',
        Some(Fault::Reorder) => 'o',
    };
    (0..calls)
        .map(|_| letter(machine.decide(route, moment)))
        .collect()
}

#[test]
fn the_trace_of_a_seed_is_fixed() {
    let rules = vec![
        FaultRule::new(FaultRoute::Sockets, FaultKind::Duplicate).rate(0.3),
        FaultRule::new(FaultRoute::Sockets, FaultKind::Reorder)
            .rate(0.3)
            .times(4),
    ];
    let of = |seed| {
        trace(
            &mut machine(seed, rules.clone()),
            FaultRoute::Sockets,
            Moment::Delivery,
            40,
        )
    };
    assert_eq!(of(1), "....d.oodd....ood..ddd.dd..ddd.......d..");
    assert_eq!(of(2), "d.dddodo.....d.dd.o.d.ddo..d.......dd...");
}

#[test]
fn times_run_out_and_rules_in_vain_are_not_used_up() {
    let mut machine = machine(7, vec![FaultRule::status(FaultRoute::All, 503).times(2)]);
    assert_eq!(
        machine.decide(FaultRoute::Sockets, Moment::Delivery),
        Decision::default(),
        "a delivery has no status"
    );
    assert_eq!(
        trace(&mut machine, FaultRoute::Risk, Moment::Request, 1),
        "s"
    );
    assert_eq!(
        trace(&mut machine, FaultRoute::Oauth, Moment::Request, 3),
        "s.."
    );
}

#[test]
fn latencies_add_up_and_the_first_other_fault_wins() {
    let mut machine = machine(
        7,
        vec![
            FaultRule::latency(FaultRoute::Oauth, 20),
            FaultRule::status(FaultRoute::Oauth, 429).retry_after(2, RetryAfterForm::Date),
            FaultRule::new(FaultRoute::All, FaultKind::Reset).times(1),
            FaultRule::latency(FaultRoute::All, 5),
        ],
    );
    let expected = Fault::Status {
        status: 429,
        retry_after: Some((2, RetryAfterForm::Date)),
    };
    assert_eq!(
        machine.decide(FaultRoute::Oauth, Moment::Request),
        Decision {
            delay_ms: 25,
            fault: Some(expected)
        }
    );
    assert_eq!(
        machine.decide(FaultRoute::Risk, Moment::Request),
        Decision {
            delay_ms: 5,
            fault: Some(Fault::Reset)
        },
        "the reset behind the winner was not used up"
    );
}

#[test]
fn each_moment_has_its_faults() {
    let all = [
        FaultKind::Status,
        FaultKind::Latency,
        FaultKind::Reset,
        FaultKind::Garbage,
        FaultKind::Duplicate,
        FaultKind::Reorder,
    ];
    let possible = |route, moment| -> String {
        all.iter()
            .map(|&kind| {
                let rule = FaultRule {
                    status: Some(500),
                    ms: Some(1),
                    ..FaultRule::new(route, kind)
                };
                trace(&mut machine(0, vec![rule]), route, moment, 1)
            })
            .collect()
    };
    assert_eq!(possible(FaultRoute::Oauth, Moment::Request), "slrg..");
    assert_eq!(possible(FaultRoute::Risk, Moment::Request), "slrgdo");
    assert_eq!(possible(FaultRoute::Sockets, Moment::Upgrade), "slrg..");
    assert_eq!(possible(FaultRoute::Sockets, Moment::Arrival), "..r...");
    assert_eq!(possible(FaultRoute::Sockets, Moment::Delivery), ".lrgdo");
}

#[test]
fn impossible_rules_are_refused_by_field_and_change_nothing() {
    let mut machine = machine(
        0,
        vec![FaultRule::new(FaultRoute::Risk, FaultKind::Garbage)],
    );
    let mut refused = |rule: FaultRule| {
        machine
            .set(vec![
                FaultRule::new(FaultRoute::Risk, FaultKind::Reset),
                rule,
            ])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(FaultRule::new(FaultRoute::All, FaultKind::Status)),
        "[1].status is missing, expected a status from 300 to 599 with the fault \"status\""
    );
    assert_eq!(
        refused(FaultRule::new(FaultRoute::All, FaultKind::Latency)),
        "[1].ms is missing, expected milliseconds up to 600000 with the fault \"latency\""
    );
    assert_eq!(
        refused(FaultRule::new(FaultRoute::All, FaultKind::Reset).rate(1.5)),
        "[1].rate is 1.5, expected a number from 0 to 1"
    );
    assert_eq!(
        trace(&mut machine, FaultRoute::Risk, Moment::Request, 1),
        "g"
    );
}

proptest! {
    #[test]
    fn calls_on_other_routes_do_not_shift_the_trace(seed: u64, between in proptest::collection::vec(0_usize..4, 0..30)) {
        let rules = vec![FaultRule::new(FaultRoute::All, FaultKind::Reset).rate(0.5)];
        let alone = trace(&mut machine(seed, rules.clone()), FaultRoute::Risk, Moment::Request, between.len());
        let mut crowded = machine(seed, rules);
        let among: String = between
            .iter()
            .map(|&others| {
                trace(&mut crowded, FaultRoute::Oauth, Moment::Request, others);
                trace(&mut crowded, FaultRoute::Risk, Moment::Request, 1)
            })
            .collect();
        prop_assert_eq!(alone, among);
    }

    #[test]
    fn times_bound_the_strikes(seed: u64, rate in 0.0_f64..=1.0, times in 0_u64..20) {
        let rules = vec![FaultRule::new(FaultRoute::Risk, FaultKind::Reset).rate(rate).times(times)];
        let trace = trace(&mut machine(seed, rules), FaultRoute::Risk, Moment::Request, 100);
        prop_assert!(trace.matches('r').count() as u64 <= times);
    }
}
