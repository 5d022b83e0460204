//! Every setting that is wrong names its key, its value and what would do; no secret shows in any of it.

use cuecard_cxone::platform::Grant;
use secrecy::ExposeSecret as _;

use super::session::AssertionKey;
use super::*;

const PLATFORM: &str = r#"
    [platform]
    token_url = "http://127.0.0.1:1/oauth/token"
    alerts_url = "ws://127.0.0.1:1/alerts"
    notifications_url = "ws://127.0.0.1:1/notifications"
    client_id = "cid"
    client_secret = "hush-client"
"#;

fn load(toml: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let env = env
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Config::from_parts(Some(toml), env, &Flags::default())
}

/// The whole text of the error, with dev mode on so that nothing else is missing.
fn wrong(toml: &str) -> String {
    load(toml, &[("CUECARD_SERVER__DEV_MODE", "true")])
        .expect_err(toml)
        .to_string()
}

#[test]
fn defaults_and_one_key_are_enough() {
    let secret = "x".repeat(32);
    let config = load("", &[("CUECARD_SESSION__HS256_SECRET", &secret)]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(!config.server.dev_mode && config.cards.clean_html);
    assert!(config.platform.is_none() && config.risk.sources.is_empty());
    assert_eq!(
        config.session.lifetime,
        cuecard_protocol::Millis::from_secs(720 * 60)
    );
    assert_eq!((config.risk.high, config.risk.critical), (0.85, 0.95));
    assert_eq!(
        (config.risk.poll.as_secs(), config.risk.timeout.as_secs()),
        (5, 3)
    );
    assert_eq!(config.storage.data_dir(), Path::new("."));
    let [AssertionKey::Hs256(key)] = &config.session.assertion_keys[..] else {
        panic!("expected one shared secret")
    };
    assert_eq!(key.expose_secret(), secret);
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let toml = "[server]\nlisten = \"127.0.0.1:1\"\ndev_mode = true\n[risk]\npoll_seconds = 1";
    let env = [
        ("CUECARD_SERVER__LISTEN", "127.0.0.1:2"),
        ("CUECARD_RISK__POLL_SECONDS", "2.5"),
        ("CUECARD_HOME", "/"),
    ];
    let env = || {
        env.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
    };
    let config = Config::from_parts(Some(toml), env(), &Flags::default()).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.risk.poll.as_millis(), 2500);
    let flags = Flags {
        listen: Some("127.0.0.1:3".into()),
    };
    assert_eq!(
        Config::from_parts(Some(toml), env(), &flags)
            .unwrap()
            .server
            .listen
            .port(),
        3
    );
}

#[test]
fn the_environment_can_hold_lists_and_texts_that_look_like_numbers() {
    let env = [
        ("CUECARD_SERVER__DEV_MODE", "true"),
        (
            "CUECARD_SERVER__EMBED_ORIGINS",
            r#"["https://a.example", "https://b.example"]"#,
        ),
        ("CUECARD_PLATFORM__CLIENT_SECRET", "0123e4"),
        ("CUECARD_PLATFORM__CLIENT_ID", "true"),
    ];
    let config = load(PLATFORM, &env).unwrap();
    assert_eq!(config.server.embed_origins.len(), 2);
    let platform = config.platform.unwrap();
    assert_eq!(
        (
            platform.client_secret.expose_secret(),
            platform.client_id.as_str()
        ),
        ("0123e4", "true")
    );
}

#[test]
fn the_password_grant_takes_its_access_key() {
    let toml = format!(
        "{PLATFORM}\ngrant = \"password\"\nusername = \"key\"\npassword = \"hush-key\"\nclient_auth = \"basic\""
    );
    let platform = load(&toml, &[("CUECARD_SERVER__DEV_MODE", "true")])
        .unwrap()
        .platform
        .unwrap();
    let Grant::Password {
        access_key_id,
        access_key_secret,
    } = platform.grant
    else {
        panic!("expected a password")
    };
    assert_eq!(
        (access_key_id.as_str(), access_key_secret.expose_secret()),
        ("key", "hush-key")
    );
}

#[test]
fn a_secret_can_stand_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", "s".repeat(40))).unwrap();
    let name = file.path().display().to_string();
    let config = load("", &[("CUECARD_SESSION__HS256_SECRET_FILE", &name)]).unwrap();
    let [AssertionKey::Hs256(key)] = &config.session.assertion_keys[..] else {
        panic!("expected one shared secret")
    };
    assert_eq!(key.expose_secret(), "s".repeat(40));
    assert_eq!(
        wrong("[session]\nhs256_secret_file = \"/nowhere/key\""),
        "session.hs256_secret_file is \"/nowhere/key\": expected a file that can be read (No such file or directory (os error 2))"
    );
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn each_error_names_key_value_and_expectation() {
    let origin =
        "an origin such as https://desk.example.com (http only on this machine), without a path";
    for (toml, expected) in [
        ("[server]\nlisten = \"8080\"", "server.listen is \"8080\": expected an address and a port such as 127.0.0.1:8080".into()),
        (
            "[server]\nlisten = \"0.0.0.0:8080\"",
            "server.dev_mode is true: expected false, or server.listen on a loopback address (it is 0.0.0.0:8080)".into(),
        ),
        (
            "[server]\nlisten = \"[::]:8080\"",
            "server.dev_mode is true: expected false, or server.listen on a loopback address (it is [::]:8080)".into(),
        ),
        ("[server]\nlisten = 8080", "server.listen is 8080: expected a string".into()),
        ("[server]\ndrain_seconds = \"soon\"", "server.drain_seconds is \"soon\": expected a whole number, at least 0".into()),
        ("[server]\nallowed_origins = 1", "server.allowed_origins is 1: expected a list".into()),
        ("[cards]\nclean_html = 3", "cards.clean_html is 3: expected true or false".into()),
        (
            "[server]\nallowed_origins = [\"https://ok.example\", \"desk\"]",
            format!("server.allowed_origins[1] is \"desk\": expected {origin}"),
        ),
        ("[server]\npublic_url = \"ftp://x\"", format!("server.public_url is \"ftp://x\": expected {origin}")),
        (
            "[server]\nassets_dir = \"/nowhere\"",
            "server.assets_dir is \"/nowhere\": expected a directory with the built page (index.html)".into(),
        ),
        (
            "[server]\nlistn = 1",
            "server.listn is not a known key: expected one of listen, public_url, allowed_origins, embed_origins, assets_dir, dev_mode, drain_seconds".into(),
        ),
        (
            "[sever]\nlisten = 1",
            "sever is not a known section: expected one of server, session, platform, risk, cards, api, callbacks, typing, webhooks, tasks, storage, audit, log".into(),
        ),
        ("risk = 3", "risk is 3: expected a table".into()),
        ("[session]\nlifetime_minutes = 0", "session.lifetime_minutes is 0: expected 1 to 10080 minutes".into()),
        ("[session]\nlifetime_minutes = \"long\"", "session.lifetime_minutes is \"long\": expected a whole number, at least 0".into()),
        (
            "[session]\nhs256_secret = \"short\"",
            "session.hs256_secret is (hidden) 5 bytes long: expected at least 32 bytes, random".into(),
        ),
        ("[session]\nhs256_secret = 12345", "session.hs256_secret is (hidden): expected a string".into()),
        (
            "[session]\neddsa_public_key_pem = \"no key\"",
            "session.eddsa_public_key_pem is (hidden) not such a key: expected an Ed25519 public key in PEM".into(),
        ),
        ("[session]\nlocale = \"\"", "session.locale is \"\": expected a BCP 47 language such as en or de-AT".into()),
        ("[risk]\nhigh = 2", "risk.high is 2: expected a score above 0, at most 1\nrisk.critical is 0.95: expected a score from risk.high (2) to 1".into()),
        ("[[risk.sources]]\nname = \"a\"", "risk.sources[0].url is missing: expected a value".into()),
        ("[[risk.sources]]\nname = \"a\"\nurl = \"\"\nuri = 1", "risk.sources[0].uri is not a known key: expected one of name, url".into()),
        ("[risk]\npoll_seconds = 0", "risk.poll_seconds is 0: expected 0.05 to 3600 seconds".into()),
        (
            "[[risk.sources]]\nname = \"a b\"\nurl = \"http://127.0.0.1/\"",
            "platform is missing: expected a section [platform], through which the alerts of risk.sources go\nrisk.sources[0].name is \"a b\": expected 1 to 32 of the characters a-z 0-9 _ -".into(),
        ),
        ("[api]\nburst = 0", "api.burst is 0: expected 1 to 1000000 requests".into()),
        (
            "[[api.keys]]\nname = \"A B\"\nsha256 = \"hush-not-a-hash\"\nscopes = []",
            [
                "api.keys[0].name is \"A B\": expected 1 to 32 of the characters a-z 0-9 _ -",
                "api.keys[0].scopes is empty: expected some of alerts:write, suggestions:write, prompts:write, cards:read, cards:write, outcomes:read, interactions:write",
                "api.keys[0].sha256 is (hidden) something else: expected the 64 hexadecimal digits of the key's SHA-256: see cuecard-server api-key new",
            ].join("\n"),
        ),
        (
            "[[api.keys]]\nname = \"platform\"\nsha256 = \"\"\nscopes = [\"cards:delete\"]",
            "api.keys[0].scopes[0] is \"cards:delete\": expected one of alerts:write, suggestions:write, prompts:write, cards:read, cards:write, outcomes:read, interactions:write".into(),
        ),
        (
            "[[api.keys]]\nname = \"a\"\nscopes = [\"cards:read\"]\nsha256 = 5",
            "api.keys[0].sha256 is (hidden): expected a string".into(),
        ),
        ("[storage]\npath = \"/nowhere/x.db\"", "storage.path is \"/nowhere/x.db\": expected a file in a directory that exists".into()),
        ("[audit]\npath = \"/\"", "audit.path is \"/\": expected a file in a directory that exists".into()),
        ("[log]\nformat = \"xml\"", "log.format is \"xml\": expected one of text, json".into()),
        (
            "[[callbacks.receivers]]\nname = \"C R M\"\nurl = \"https://u:hush@h/\"\nsecret = \"hush\"\nevents = []\ntimeout_seconds = 60",
            [
                "callbacks.receivers[0].name is \"C R M\": expected 1 to 32 of the characters a-z 0-9 _ -",
                "callbacks.receivers[0].url is not such a URL: expected an absolute http:// or https:// URL without a user name or password",
                "callbacks.receivers[0].events is an empty list: expected at least one",
                "callbacks.receivers[0].timeout_seconds is 60: expected 0.1 to 50 seconds",
                "callbacks.receivers[0].secret is (hidden) 4 characters long: expected at least 16 characters, random",
            ].join("\n"),
        ),
        (
            "[[callbacks.receivers]]\nname = \"a\"\nurl = \"http://h/\"\nsecret = 5",
            "callbacks.receivers[0].secret is (hidden): expected a string".into(),
        ),
        (
            "[[callbacks.receivers]]\nname = \"a\"\nurl = \"http://h/\"",
            "callbacks.receivers[0].secret is missing: expected it or secret_file, so that the receiver can tell who is calling".into(),
        ),
        (
            "[[callbacks.receivers]]\nname = \"a\"\nurl = \"http://h/\"\nevents = [\"sent\"]",
            "callbacks.receivers[0].events[0] is \"sent\": expected one of accepted, dismissed, adopted, expired".into(),
        ),
        (
            "[log]\nlevel = \"a=b=c\"",
            "log.level is \"a=b=c\": expected a level (error, warn, info, debug, trace) or directives such as info,cuecard_server=debug".into(),
        ),
        (
            "[platform]\ntoken_url = \"https://u:hush@h/\"\nalerts_url = \"https://h\"\nprompts_url = \"x\"\nclient_secret = \"s\"",
            [
                "platform.token_url is (hidden) a URL with a user name or password: expected an absolute http:// or https:// URL without them",
                "platform.alerts_url is \"https://h\": expected an absolute ws:// or wss:// URL",
                "platform.notifications_url is missing: expected the platform's URL",
                "platform.prompts_url is \"x\": expected an absolute ws:// or wss:// URL",
                "platform.client_id is missing: expected the OAuth client's id",
            ].join("\n"),
        ),
    ] {
        assert_eq!(wrong(toml), expected, "{toml}");
    }
}

#[test]
fn no_error_repeats_a_user_name_or_password_of_a_url() {
    let carries = "(hidden) a URL with a user name or password";
    let origin =
        "an origin such as https://desk.example.com (http only on this machine), without a path";
    let callback = "an absolute http:// or https:// URL without a user name or password";
    for (toml, value, expected) in [
        (
            "[platform]\nalerts_url = \"https://jane:hush@h/\"",
            carries,
            "an absolute ws:// or wss:// URL without them",
        ),
        (
            "[platform]\nalerts_url = \"wss://jane:hush@h:port/\"",
            "(hidden)",
            "an absolute ws:// or wss:// URL",
        ),
        (
            "[platform]\nalerts_url = \"jane:hush@h/\"",
            "(hidden)",
            "an absolute ws:// or wss:// URL",
        ),
        (
            "[server]\npublic_url = \"https://jane:hush@h/\"",
            "(hidden)",
            origin,
        ),
        (
            "[server]\nallowed_origins = [\"https://jane:hush@h/\"]",
            "(hidden)",
            origin,
        ),
        (
            "[server]\nembed_origins = \"https://jane:hush@h/\"",
            "(hidden)",
            "a list",
        ),
        (
            "[typing]\nbase_url = \"wss://jane:hush@h/\"",
            "not such a URL",
            callback,
        ),
        (
            "[tasks]\nbase_url = \"https://jane:hush@h:port/\"",
            "not such a URL",
            callback,
        ),
        (
            "[[risk.sources]]\nname = \"a\"\nurl = \"wss://jane:hush@h/\"",
            "not such a URL",
            callback,
        ),
        (
            "[[callbacks.receivers]]\nname = \"a\"\nurl = \"wss://jane:hush@h/\"",
            "not such a URL",
            callback,
        ),
    ] {
        let told = wrong(toml);
        assert!(
            told.contains(&format!(" is {value}: expected {expected}")),
            "{toml}: {told}"
        );
        assert!(
            !told.contains("hush") && !told.contains("jane"),
            "{toml}: {told}"
        );
    }
}

#[test]
fn what_only_development_may_do_is_refused_without_it() {
    let error = load("[cards]\nclean_html = false", &[])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "session.hs256_secret is missing: expected it or session.eddsa_public_key_pem, so that desktops can open sessions (or server.dev_mode on loopback)\ncards.clean_html is false: expected true, or server.dev_mode"
    );
}

#[test]
fn a_server_for_others_must_know_how_they_reach_it() {
    let secret = format!("[session]\nhs256_secret = \"{}\"\n", "s".repeat(32));
    let listen = "[server]\nlisten = \"0.0.0.0:8080\"\n";
    assert_eq!(
        load(&format!("{secret}{listen}"), &[])
            .unwrap_err()
            .to_string(),
        "server.public_url is missing: expected how browsers reach the server, because server.listen is 0.0.0.0:8080"
    );
    let known = format!("{secret}{listen}public_url = \"https://assist.example\"");
    assert!(load(&known, &[]).is_ok());
}

#[test]
fn toml_that_cannot_be_read_is_not_repeated() {
    let error = wrong("[platform]\nclient_secret = hush-hush");
    assert!(
        error.starts_with("--config is not TOML in line 2: expected TOML ("),
        "{error}"
    );
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn a_receiver_hears_of_decisions_on_all_kinds_unless_it_says_otherwise() {
    let toml = "[[callbacks.receivers]]\nname = \"crm\"\nurl = \"http://127.0.0.1:1/\"\nsecret = \"hush-0123456789abcdef\"";
    let config = load(toml, &[("CUECARD_SERVER__DEV_MODE", "true")]).unwrap();
    let shown = format!("{:?}", config.callbacks);
    assert!(!shown.contains("hush"), "{shown}");
    let [receiver] = &config.callbacks.receivers[..] else {
        panic!("expected one receiver")
    };
    assert_eq!(
        receiver.events,
        [callbacks::Event::Accepted, callbacks::Event::Dismissed]
    );
    assert_eq!(receiver.kinds.len(), 4);
    assert_eq!(receiver.timeout.as_secs(), 10);
}

#[test]
fn no_secret_shows_in_debug() {
    let toml = format!(
        "{PLATFORM}\ngrant = \"password\"\nusername = \"key\"\npassword = \"hush-key\"\n[session]\nhs256_secret = \"hush-{}\"",
        "x".repeat(40)
    );
    let shown = format!("{:?}", load(&toml, &[]).unwrap());
    assert!(shown.contains("cid") && !shown.contains("hush"), "{shown}");
}
