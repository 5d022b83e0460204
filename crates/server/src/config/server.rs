//! `[server]`: where it listens, who may embed it, what it serves.

use std::net::SocketAddr;
use std::path::PathBuf;

use cuecard_cxone::platform::shown;
use serde::Deserialize;
use url::Url;

use super::Problems;
use super::origin::{self, Origin};
use super::problem::quoted;
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How browsers reach the server, if not at `listen`: scheme, host, port, no path.
    pub public_url: Option<Url>,
    /// Origins that may open a session and a socket, besides the server's own.
    pub allowed_origins: Vec<Origin>,
    /// Origins whose pages may embed the panel across sites; they are allowed, too.
    pub embed_origins: Vec<Origin>,
    /// The built page; without it only the API is served.
    pub assets_dir: Option<PathBuf>,
    /// Takes plain agent ids for sessions. Only on loopback.
    pub dev_mode: bool,
    /// How long a drain waits for browsers to leave, in seconds.
    pub drain_seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    listen: String,
    public_url: Option<String>,
    allowed_origins: Vec<String>,
    embed_origins: Vec<String>,
    assets_dir: Option<PathBuf>,
    dev_mode: bool,
    drain_seconds: u64,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            allowed_origins: Vec::new(),
            embed_origins: Vec::new(),
            assets_dir: None,
            dev_mode: false,
            drain_seconds: 10,
        }
    }
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Server> {
    let raw: Raw = source.section("server", problems)?;
    let listen: Option<SocketAddr> = raw.listen.parse().ok();
    if listen.is_none() {
        problems.wrong(
            "server.listen",
            quoted(&raw.listen),
            "an address and a port such as 127.0.0.1:8080",
        );
    }
    if let Some(listen) = listen.filter(|listen| raw.dev_mode && !listen.ip().is_loopback()) {
        let expected = format!("false, or server.listen on a loopback address (it is {listen})");
        problems.wrong("server.dev_mode", "true", expected);
    }
    if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback())
        && raw.public_url.is_none()
        && !raw.dev_mode
    {
        let expected = format!("how browsers reach the server, because server.listen is {listen}");
        problems.missing("server.public_url", &expected);
    }
    if let Some(dir) = raw
        .assets_dir
        .as_ref()
        .filter(|dir| !dir.join("index.html").is_file())
    {
        problems.wrong(
            "server.assets_dir",
            quoted(dir.display()),
            "a directory with the built page (index.html)",
        );
    }
    Some(Server {
        public_url: raw.public_url.and_then(|text| {
            let origin = Origin::parse(&text);
            if origin.is_none() {
                problems.wrong("server.public_url", shown(&text), origin::EXPECTED);
            }
            Url::parse(origin?.as_str()).ok()
        }),
        allowed_origins: origin::list("server.allowed_origins", &raw.allowed_origins, problems),
        embed_origins: origin::list("server.embed_origins", &raw.embed_origins, problems),
        listen: listen?,
        assets_dir: raw.assets_dir,
        dev_mode: raw.dev_mode,
        drain_seconds: raw.drain_seconds,
    })
}
