//! Neither tokens nor secrets are in anything that is logged or told, whatever goes wrong.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use crate::support::{Running, alert, platform, simulator, tokens};
use cuecard_cxone::{
    alerts::alerts,
    notifications::{NotificationEvent, notifications},
    publisher::PublishEvent,
    suggestions::suggestions,
    wire::notification::agent_topic,
};
use cuecard_simulator::{FaultRoute, FaultRule};
use secrecy::ExposeSecret as _;
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn whatever_goes_wrong_no_secret_is_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only one of this process");

    let simulator = simulator().await;
    let platform = platform(&simulator);
    let tokens = tokens(&platform);
    let mut secrets = vec!["csecret".to_owned()];
    let mut told = vec![format!("{platform:?} {tokens:?}")];

    let (publisher, socket) = alerts(platform.alerts_url.clone(), tokens.clone());
    let mut alerts = Running::start(100, |events, stop| socket.run(events, stop));
    let suggestions_url = platform.suggestions_url.clone().expect("it is set");
    let (_injector, socket) = suggestions(suggestions_url, tokens.clone());
    let mut injected = Running::start(100, |events, stop| socket.run(events, stop));
    let (agents, task) = notifications(platform.notifications_url.clone(), tokens.clone());
    let mut cards = Running::start(100, |events, stop| task.run(events, stop));
    for _ in 0..3 {
        let token = tokens.token().await.expect("a token");
        secrets.push(token.secret().expose_secret().to_owned());
        told.push(format!("{token:?}"));
        agents.subscribe(agent_topic("AGT-1"));
        publisher.publish(alert("bad id")).expect("the socket runs");
        alerts
            .find(|event| {
                told.push(format!("{event:?}"));
                (*event == PublishEvent::Connected).then_some(())
            })
            .await;
        injected
            .find(|event| {
                told.push(format!("{event:?}"));
                (*event == PublishEvent::Connected).then_some(())
            })
            .await;
        cards
            .find(|event| {
                told.push(format!("{event:?}"));
                matches!(event, NotificationEvent::Connected { .. }).then_some(())
            })
            .await;
        simulator.expire_tokens();
        let refused =
            [401, 500].map(|status| FaultRule::status(FaultRoute::Sockets, status).times(1));
        simulator.set_faults(refused.to_vec()).expect("two rules");
        simulator.drop_sockets(None, 1006);
    }
    told.push(format!(
        "{:?} {:?} {:?}",
        alerts.stop().await,
        injected.stop().await,
        cards.stop().await
    ));

    let log =
        String::from_utf8(log.0.lock().expect("no writer panics").clone()).expect("logs are text");
    assert!(
        log.contains("the platform rejected the token"),
        "the log is written: {log}"
    );
    assert!(
        secrets.len() == 4 && secrets[1] != secrets[3],
        "tokens were replaced"
    );
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is logged");
        assert!(
            !told.iter().any(|told| told.contains(&secret)),
            "{secret} is told"
        );
    }
}
