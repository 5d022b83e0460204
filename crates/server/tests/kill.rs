//! A process that writes to the store is killed in the middle of it (`kill -9`). What it was told is durable must be there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, Millis, Seq,
};
use cuecard_server::backbone::embedded::Embedded;
use cuecard_server::backbone::{Appended, Backbone, Reading, Recorded};
use cuecard_server::clock::Clock;

const STORE: &str = "CUECARD_TEST_STORE";
const ROUND: &str = "CUECARD_TEST_ROUND";
const AGENTS: u32 = 3;
/// Later than any time of the test, so that nothing expires.
const NEVER: Millis = Millis(u64::MAX / 4);
const NOW: Millis = Millis(1_800_000_000_000);

fn agent(n: u32) -> AgentId {
    AgentId::parse(format!("AGT-{n}")).unwrap()
}

fn card(id: &str) -> Card {
    Card {
        id: CardId::parse(id).unwrap(),
        interaction_id: InteractionId::parse(id).unwrap(),
        published_at: NOW,
        received_at: NOW,
        expires_at: NEVER,
        body: CardBody::Alert(Alert {
            level: AlertLevel::High,
            title: "t".into(),
            score: None,
            html: "<p>body</p>".repeat(50),
        }),
    }
}

fn dismissal(id: &str) -> Action {
    Action {
        id: ActionId::parse(format!("a-{id}")).unwrap(),
        card_id: CardId::parse(id).unwrap(),
        kind: ActionKind::Dismissed,
        at: NOW,
        reason: None,
        snippet_id: None,
        until: None,
    }
}

fn open(path: &Path) -> Embedded {
    Embedded::open(path, Clock::manual(NOW)).unwrap()
}

/// What the killed process does: writes for each agent at once, and says each time what it was told.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in the process that the test below kills"]
async fn writer_process() {
    let Ok(path) = std::env::var(STORE) else {
        return;
    };
    let round = std::env::var(ROUND).unwrap();
    let store = Arc::new(open(Path::new(&path)));
    let tasks: Vec<_> = (0..AGENTS)
        .map(|n| {
            let (store, round) = (Arc::clone(&store), round.clone());
            tokio::spawn(async move {
                for i in 0..100_000 {
                    let id = format!("c-{round}-{i}");
                    let Appended::New { seq, .. } =
                        store.append(&agent(n), card(&id)).await.unwrap()
                    else {
                        panic!("{id} was there before")
                    };
                    say(&format!("appended {n} {id} {seq}"));
                    if i % 3 == 0 {
                        store.record(&agent(n), &dismissal(&id)).await.unwrap();
                        say(&format!("dismissed {n} {id} 0"));
                    }
                    if i % 5 == 0 {
                        assert!(store.once(&format!("{n}-{id}"), NOW, NEVER).await.unwrap());
                        say(&format!("once {n} {id} 0"));
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// One write to the pipe for each line, so that a kill tears at most the last.
fn say(line: &str) {
    std::io::stdout()
        .write_all(format!("\n@{line}.\n").as_bytes())
        .unwrap();
}

/// Starts the writer, kills it after `lines` acknowledgements, and gives all that were ever printed.
fn write_and_kill(store: &Path, round: usize, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["writer_process", "--exact", "--ignored", "--nocapture"])
        .env(STORE, store)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Some(line) = line
            .strip_prefix('@')
            .and_then(|line| line.strip_suffix('.'))
        {
            acknowledged.push(line.to_owned());
        }
        if acknowledged.len() == lines {
            // SIGKILL; what is in the pipe already is read to its end.
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(
        !status.success(),
        "the writer was to be killed, but ended with {status}"
    );
    assert!(
        acknowledged.len() >= lines,
        "only {} acknowledgements",
        acknowledged.len()
    );
    acknowledged
}

#[tokio::test]
async fn everything_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut heads = BTreeMap::new();
    for (round, lines) in [1, 40, 333, 700].into_iter().enumerate() {
        let acknowledged = write_and_kill(&path, round, lines);
        let store = open(&path);
        for line in &acknowledged {
            check(&store, line).await;
        }
        for n in 0..AGENTS {
            let head = whole_log(&store, &agent(n)).await;
            let before = heads.insert(n, head).unwrap_or_default();
            assert!(head >= before, "the log went back from {before} to {head}");
        }
    }
}

async fn check(store: &Embedded, line: &str) {
    let words: Vec<_> = line.split(' ').collect();
    let [what, n, id, seq] = words[..] else {
        panic!("unexpected {line:?}")
    };
    let agent = agent(n.parse().unwrap());
    match what {
        "appended" => {
            let expected = Appended::Repeat {
                seq: Seq(seq.parse().unwrap()),
            };
            assert_eq!(
                store.append(&agent, card(id)).await.unwrap(),
                expected,
                "{line}"
            );
        }
        "dismissed" => {
            assert_eq!(
                store.record(&agent, &dismissal(id)).await.unwrap(),
                Recorded::Repeat,
                "{line}"
            );
            let (_, cards) = store.live(&agent).await.unwrap();
            assert!(
                cards.iter().all(|live| live.card.id.as_str() != id),
                "{line}: still live"
            );
        }
        "once" => assert!(
            !store.once(&format!("{n}-{id}"), NOW, NEVER).await.unwrap(),
            "{line}"
        ),
        _ => panic!("unexpected {line:?}"),
    }
}

/// Reads the log from its beginning; gives its head.
async fn whole_log(store: &Embedded, agent: &AgentId) -> Seq {
    let head = store.head(agent).await.unwrap();
    let Reading::Entries(entries) = store.read(agent, Seq::ZERO, usize::MAX).await.unwrap() else {
        panic!("expected the whole log, got a gap")
    };
    let places: Vec<u64> = entries.iter().map(|(seq, _)| seq.0).collect();
    assert_eq!(
        places,
        (1..=head.0).collect::<Vec<_>>(),
        "entries without holes up to the head"
    );
    head
}
