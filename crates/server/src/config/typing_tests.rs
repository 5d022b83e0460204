//! `[typing]`: what is taken, what is refused and with which words.

use super::*;
use crate::config::{Config, ConfigError};

const PLATFORM: &str = r#"
    [server]
    dev_mode = true
    [platform]
    token_url = "http://127.0.0.1:1/api/v1/oauth/token?x=1"
    alerts_url = "ws://127.0.0.1:1/alerts"
    notifications_url = "ws://127.0.0.1:1/notifications"
    client_id = "cid"
    client_secret = "hush"
    scope = "of the platform"
    [typing]
"#;

fn load(lines: &str) -> Result<Typing, ConfigError> {
    Config::from_toml(&format!("{PLATFORM}{lines}")).map(|config| config.typing)
}

fn wrong(lines: &str) -> String {
    load(lines).expect_err(lines).to_string()
}

#[test]
fn guests_of_the_tokens_origin_are_the_default() {
    let typing = load("").unwrap();
    assert_eq!(typing.requests_per_second, 5);
    let expected = Indicated {
        adapter: Adapter::Guests,
        base_url: HttpUrl::parse("http://127.0.0.1:1").unwrap(),
        scope: TYPING_SCOPE.to_owned(),
    };
    assert_eq!(typing.adapter, Some(expected));
}

#[test]
fn sender_actions_name_their_channel_and_take_the_platforms_scope() {
    let typing = load(
        "adapter = \"sender_actions\"\nchannel_id = \"chat_1\"\nbase_url = \"https://api.example.com/base\"",
    );
    let expected = Indicated {
        adapter: Adapter::SenderActions {
            channel_id: "chat_1".to_owned(),
        },
        base_url: HttpUrl::parse("https://api.example.com/base").unwrap(),
        scope: "of the platform".to_owned(),
    };
    assert_eq!(typing.unwrap().adapter, Some(expected));
    let typing = load("scope = \"mine\"").unwrap();
    assert_eq!(typing.adapter.unwrap().scope, "mine");
}

#[test]
fn it_can_be_off_and_is_without_a_platform() {
    assert_eq!(load("adapter = \"off\"").unwrap().adapter, None);
    let config = Config::from_toml("[server]\ndev_mode = true\n[typing]\nadapter = \"off\"");
    assert_eq!(config.unwrap().typing.adapter, None);
    let config = Config::from_toml("[server]\ndev_mode = true");
    assert_eq!(config.unwrap().typing.adapter, None);
}

#[test]
fn what_is_wrong_says_so() {
    for (lines, expected) in [
        (
            "requests_per_second = 0",
            "typing.requests_per_second is 0: expected 1 to 1000 calls",
        ),
        (
            "adapter = \"carrier pigeon\"",
            "typing.adapter is \"carrier pigeon\": expected one of guests, sender_actions, off",
        ),
        (
            "adapter = \"sender_actions\"",
            "typing.channel_id is missing: expected the digital channel's id, for typing.adapter = \"sender_actions\"",
        ),
        (
            "adapter = \"sender_actions\"\nchannel_id = \"..\"",
            "typing.channel_id is \"..\": expected a digital channel's id",
        ),
        (
            "channel_id = \"chat\"",
            "typing.channel_id is \"chat\": expected none, or typing.adapter = \"sender_actions\"",
        ),
        (
            "base_url = \"ftp://user:hush@host\"",
            "typing.base_url is not such a URL: expected an absolute http:// or https:// URL without a user name or password",
        ),
    ] {
        assert_eq!(wrong(lines), expected);
    }
    let error = Config::from_toml("[server]\ndev_mode = true\n[typing]\nadapter = \"guests\"");
    assert_eq!(
        error.unwrap_err().to_string(),
        "platform is missing: expected a section [platform], whose customers see that an agent types"
    );
}
