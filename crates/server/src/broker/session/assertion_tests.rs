//! Assertions that a desktop's backend might sign, and those that nobody should.

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

const NOW: Millis = Millis(1_800_000_000_500);
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ED_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIG8mLHvNFDsFPq5rPRt5tuVwna6Bz8vaFYZ3o09FsubZ\n-----END PRIVATE KEY-----\n";
const ED_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAEUhRmDU9I1hu1ERVpJlLJoYaedF3wAnqv47eL5ESY98=\n-----END PUBLIC KEY-----\n";

fn settings(keys: Vec<AssertionKey>) -> Settings {
    Settings {
        lifetime: Millis::from_secs(3600),
        locale: "en".into(),
        audience: "cuecard".into(),
        assertion_keys: keys,
    }
}

fn hs256() -> Assertions {
    Assertions::new(&settings(vec![AssertionKey::Hs256(SECRET.into())]))
}

fn claims() -> Value {
    json!({ "aud": "cuecard", "sub": "A-1", "exp": 1_800_000_060, "jti": "j1" })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn sign(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .unwrap()
}

fn refused(claims: &Value) -> String {
    hs256()
        .check(&sign(Algorithm::HS256, claims, SECRET), NOW)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_good_one_says_who_it_is() {
    let expected = Assertion {
        agent: AgentId::parse("A-1").unwrap(),
        jti: "j1".into(),
        expires_at: Millis(1_800_000_060_000),
        locale: None,
    };
    assert_eq!(
        hs256().check(&sign(Algorithm::HS256, &claims(), SECRET), NOW),
        Ok(expected.clone())
    );
    let german = with("locale", json!("de-AT"));
    let expected_german = Assertion {
        locale: Some("de-AT".into()),
        ..expected.clone()
    };
    assert_eq!(
        hs256().check(&sign(Algorithm::HS256, &german, SECRET), NOW),
        Ok(expected_german)
    );
    let list = with("aud", json!(["other", "cuecard"]));
    assert_eq!(
        hs256().check(&sign(Algorithm::HS256, &list, SECRET), NOW),
        Ok(expected)
    );
}

#[test]
fn its_time_is_a_minute_at_most() {
    assert_eq!(
        refused(&with("exp", json!(1_800_000_061))),
        "exp 1800000061 is more than 60 s after the server's time 1800000000 (both in epoch seconds)"
    );
    assert_eq!(
        refused(&with("exp", json!(1_800_000_000))),
        "exp 1800000000 is not after the server's time 1800000000 (both in epoch seconds)"
    );
    refused(&with("exp", json!("soon")));
    refused(&with("exp", json!(-1)));
}

#[test]
fn every_claim_is_needed_and_right() {
    for name in ["aud", "sub", "exp", "jti"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        let said = refused(&without);
        assert!(
            said.starts_with("the assertion is not accepted: "),
            "{name}: {said}"
        );
    }
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!([])),
        ("sub", json!("")),
        ("sub", json!("A 1")),
        ("sub", json!(7)),
        ("jti", json!("")),
        ("jti", json!("j".repeat(129))),
        ("nbf", json!(NOW.0 / 1_000 + 6)),
    ] {
        refused(&with(name, value));
    }
    let almost = with("nbf", json!(NOW.0 / 1_000 + 5));
    assert!(
        hs256()
            .check(&sign(Algorithm::HS256, &almost, SECRET), NOW)
            .is_ok()
    );
}

#[test]
fn the_configured_key_fixes_the_algorithm() {
    // Another algorithm with the right secret, no signature, and a public key used as a shared secret.
    assert!(
        hs256()
            .check(&sign(Algorithm::HS512, &claims(), SECRET), NOW)
            .is_err()
    );
    assert!(
        hs256()
            .check(&sign(Algorithm::HS256, &claims(), "another"), NOW)
            .is_err()
    );
    let good = sign(Algorithm::HS256, &claims(), SECRET);
    let body = good.split('.').nth(1).unwrap();
    // {"alg":"none"} in base64url.
    assert!(
        hs256()
            .check(&format!("eyJhbGciOiJub25lIn0.{body}."), NOW)
            .is_err()
    );
    let eddsa = Assertions::new(&settings(vec![AssertionKey::EdDsa(ED_PUBLIC.into())]));
    assert!(eddsa.check(&good, NOW).is_err());
    assert!(
        eddsa
            .check(&sign(Algorithm::HS256, &claims(), ED_PUBLIC), NOW)
            .is_err()
    );
}

#[test]
fn eddsa_and_two_keys_side_by_side() {
    let key = EncodingKey::from_ed_pem(ED_PRIVATE.as_bytes()).unwrap();
    let signed = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims(), &key).unwrap();
    let both = settings(vec![
        AssertionKey::Hs256(SECRET.into()),
        AssertionKey::EdDsa(ED_PUBLIC.into()),
    ]);
    assert!(Assertions::new(&both).check(&signed, NOW).is_ok());
    assert!(
        Assertions::new(&both)
            .check(&sign(Algorithm::HS256, &claims(), SECRET), NOW)
            .is_ok()
    );
    assert!(hs256().check(&signed, NOW).is_err());
}

#[test]
fn nothing_that_is_refused_is_repeated_in_the_words() {
    let token = sign(Algorithm::HS256, &with("exp", json!(0)), SECRET);
    for token in [token.as_str(), "a.b.c", ""] {
        let said = hs256().check(token, NOW).unwrap_err().to_string();
        assert!(!said.contains("eyJ") && !said.contains(SECRET), "{said}");
    }
    let nobody = Assertions::new(&settings(Vec::new()));
    assert_eq!(
        nobody.check("a.b.c", NOW),
        Err(AssertionError::NotConfigured)
    );
}
