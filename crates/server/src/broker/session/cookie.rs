//! The session as the browser keeps it: a signed cookie. So a session survives a restart of the server.

use cuecard_protocol::{AgentId, Millis};
use http::HeaderMap;
use http::header::COOKIE;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::key::Key;

/// The cookie's name. Browsers that know the prefix `__Host-Http-` guarantee that no script has set it; to all others
/// it begins with `__Host-`, which guarantees the host, the path and `Secure`.
pub const NAME: &str = "__Host-Http-cuecard";

/// Keeps these tokens apart from everything else that the key signs.
const AUDIENCE: &str = "cuecard-session";

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id; the same while the same agent renews it.
    pub id: String,
    /// Whose it is.
    pub agent: AgentId,
    /// When it ends.
    pub expires_at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: AgentId,
    sid: String,
    exp: u64,
}

/// Writes and reads the cookie.
#[derive(Clone)]
pub struct Cookies {
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// `SameSite` and what goes with it.
    site: &'static str,
}

impl Cookies {
    /// With the server's key. `is_embedded`: the panel may stand in pages of other sites, where a `Strict` cookie is
    /// never sent; whose pages those are is checked by origin, and that no form sends a request by its header.
    pub fn new(key: &Key, is_embedded: bool) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key.expose()),
            decoding: DecodingKey::from_secret(key.expose()),
            site: if is_embedded {
                "SameSite=None; Partitioned"
            } else {
                "SameSite=Strict"
            },
        }
    }

    /// The value of `Set-Cookie` for a session.
    pub fn write(
        &self,
        session: &Session,
        now: Millis,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            sub: session.agent.clone(),
            sid: session.id.clone(),
            exp: session.expires_at.0,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?;
        Ok(self.set_cookie(&token, session.expires_at.since(now).0 / 1_000))
    }

    /// The value of `Set-Cookie` that takes the cookie away.
    pub fn clear(&self) -> String {
        self.set_cookie("", 0)
    }

    fn set_cookie(&self, value: &str, max_age: u64) -> String {
        format!(
            "{NAME}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; {}",
            self.site
        )
    }

    /// The session of a request, if its cookie is ours and not over at `now`.
    pub fn read(&self, headers: &HeaderMap, now: Millis) -> Option<Session> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        // In milliseconds, and below against our clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(value(headers)?, &self.decoding, &validation)
            .ok()?
            .claims;
        let session = Session {
            id: claims.sid,
            agent: claims.sub,
            expires_at: Millis(claims.exp),
        };
        (now < session.expires_at).then_some(session)
    }
}

fn value(headers: &HeaderMap) -> Option<&str> {
    let lines = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == NAME)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn session() -> Session {
        Session {
            id: "s1".into(),
            agent: AgentId::parse("A-1").unwrap(),
            expires_at: NOW.plus(Millis::from_secs(60)),
        }
    }

    fn request(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(
            COOKIE,
            HeaderValue::from_str(&format!("a=b; {pair}; __Host-cuecard=x")).unwrap(),
        );
        headers
    }

    #[test]
    fn what_is_written_is_read_until_it_ends() {
        let cookies = Cookies::new(&Key::from_bytes([7; 32]), false);
        let line = cookies.write(&session(), NOW).unwrap();
        assert!(
            line.ends_with("; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict"),
            "{line}"
        );
        let headers = request(&line);
        assert_eq!(cookies.read(&headers, NOW), Some(session()));
        assert_eq!(cookies.read(&headers, session().expires_at), None);
    }

    #[test]
    fn another_key_and_a_changed_letter_are_not_believed() {
        let cookies = Cookies::new(&Key::from_bytes([7; 32]), true);
        let line = cookies.write(&session(), NOW).unwrap();
        assert!(line.ends_with("SameSite=None; Partitioned"), "{line}");
        let other = Cookies::new(&Key::from_bytes([8; 32]), true);
        assert_eq!(other.read(&request(&line), NOW), None);
        let changed = line.replacen('.', ".e", 1);
        assert_eq!(cookies.read(&request(&changed), NOW), None);
        assert_eq!(cookies.read(&request(&cookies.clear()), NOW), None);
        assert_eq!(cookies.read(&HeaderMap::new(), NOW), None);
    }
}
