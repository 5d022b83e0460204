//! Jobs by their queues.

use serde_json::json;
use tempfile::TempDir;

use super::{START, run};
use crate::backbone::embedded::Embedded;
use crate::backbone::jobs::{Jobs as _, QueueDepth, TYPING_MARKS};
use crate::clock::Clock;

#[test]
fn a_typing_mark_is_kept_but_is_no_work() {
    run(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("cuecard.db");
        let store = Embedded::open(&path, Clock::manual(START)).unwrap();
        let mut news = store.follow_jobs();
        let mark = json!({"guest": "g"});
        let kept = store.enqueue(TYPING_MARKS, "g", mark).await;
        assert!(kept.unwrap());
        assert!(!news.has_changed().unwrap(), "no news");
        let queues = async |queue: Option<&str>| -> Vec<String> {
            let jobs = store.jobs(queue, None, 9).await.unwrap();
            jobs.into_iter().map(|job| job.queue).collect()
        };
        assert_eq!(queues(None).await, [""; 0]);
        assert_eq!(queues(Some(TYPING_MARKS)).await, [TYPING_MARKS]);
        assert_eq!(store.depths().await.unwrap(), []);

        assert!(store.enqueue("q", "d", json!({})).await.unwrap());
        assert!(news.has_changed().unwrap());
        news.mark_unchanged();
        assert_eq!(queues(None).await, ["q"]);
        assert_eq!(queues(Some(TYPING_MARKS)).await, [TYPING_MARKS]);
        let depth = QueueDepth {
            queue: "q".to_owned(),
            open: 1,
            dead: 0,
            oldest: Some(START),
        };
        assert_eq!(store.depths().await.unwrap(), [depth]);
    });
}
