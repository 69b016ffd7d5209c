//! An OpenID Connect issuer that vouches for people: its tokens, checked.
//!
//! What a token says is who somebody is at the issuer. What they may do here is said by our own record of them.

mod jws;
mod keys;

use domain::digest::Digest;
use domain::email::Email;
use domain::time::Timestamp;
use edge::telemetry::Secret;
use serde::Deserialize;
use serde::de::{self, Deserializer};

pub(crate) use jws::TOKEN_CHARS_MAX;
use jws::{Unchecked, Unfit};
use keys::{Keys, NoKey};

/// How far the issuer's clock and ours may differ.
const LEEWAY_S: i64 = 60;
/// OpenID Connect Core, 2: a subject has no more.
const SUBJECT_CHARS_MAX: usize = 255;

/// Which issuer, and for whom its tokens must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// As its tokens name it.
    pub issuer: String,
    /// As its tokens name us.
    pub audience: String,
    /// Where its keys are.
    pub keys_url: String,
}

/// An issuer whose tokens are taken.
#[derive(Clone)]
pub struct Issuer {
    trust: Trust,
    keys: Keys,
}

/// Somebody for whom the issuer vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// The hash of issuer and subject.
    pub(crate) subject: Digest,
    /// The hash of the token.
    pub(crate) token: Digest,
    /// When the token runs out, with what clocks may differ.
    pub(crate) until: Timestamp,
    /// Where they read mail, where the issuer has seen to it.
    pub(crate) email: Option<Email>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The token; in words for whoever sent it.
    Token(&'static str),
    /// The issuer's keys cannot be read, and none that is remembered holds.
    IssuerAway,
}

/// What is read of a token. A claim of another type than its own is no claim: such a token says nothing.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    #[serde(deserialize_with = "one_or_many")]
    aud: Vec<String>,
    azp: Option<String>,
    /// Of an access token of Entra's: the application that asked for it.
    appid: Option<String>,
    /// Of a token that tells of something that happened, a logout for one.
    events: Option<serde_json::Value>,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(one) => Ok(vec![one]),
        many => serde_json::from_value(many).map_err(de::Error::custom),
    }
}

impl Issuer {
    /// An issuer to trust.
    ///
    /// # Errors
    /// The system has no roots to trust.
    pub fn trusted(trust: Trust) -> Result<Self, std::io::Error> {
        let keys = Keys::at(&trust.keys_url)?;
        Ok(Self { trust, keys })
    }

    /// POR-13: whom a token vouches for.
    pub(crate) async fn check(&self, token: &Secret<String>, now: Timestamp) -> Result<Vouched, Refused> {
        let unchecked = Unchecked::parse(token.reveal()).map_err(|unfit| match unfit {
            Unfit::Kind => Refused::Token("it is no ID token, by its header"),
            Unfit::Shape | Unfit::Algorithm | Unfit::Signature => Refused::Token("it is not a signed token"),
        })?;
        let key = self.keys.find(unchecked.kid.as_deref(), now).await.map_err(|none| match none {
            NoKey::Unknown => Refused::Token("the issuer has no key of the name in its header"),
            NoKey::Away => Refused::IssuerAway,
        })?;
        let payload = unchecked.checked(&key).map_err(|_| Refused::Token("its signature is not the issuer's"))?;
        let claims: Claims = serde_json::from_slice(payload)
            .map_err(|_| Refused::Token("it lacks a claim (iss, sub, aud, exp), or one is of another type"))?;
        self.trust.hold(&claims, now)?;
        Ok(Vouched {
            subject: Digest::of(&[b"subject", claims.iss.as_bytes(), claims.sub.as_bytes()]),
            // Of what is signed alone: another spelling of the signature is no other token.
            token: Digest::of(&[b"token", payload]),
            until: instant(claims.exp.saturating_add(LEEWAY_S))?,
            email: claims.address(),
        })
    }
}

impl Trust {
    /// Is the token the issuer's, for us, and for now?
    fn hold(&self, claims: &Claims, now: Timestamp) -> Result<(), Refused> {
        let refuse = |why| Err(Refused::Token(why));
        if claims.iss != self.issuer {
            return refuse("it is of another issuer");
        }
        let is_for_us = claims.aud.contains(&self.audience);
        // OpenID Connect Core, 3.1.3.7: of several it says for which one it was made.
        let is_made_for_us = match &claims.azp {
            Some(party) => *party == self.audience,
            None => claims.aud.len() == 1,
        };
        if !is_for_us || !is_made_for_us {
            return refuse("it is for another audience");
        }
        // Signed by the same keys, and no word about who signed in to us.
        if claims.events.is_some() || claims.appid.as_ref().is_some_and(|party| *party != self.audience) {
            return refuse("it is no ID token of ours");
        }
        let now = now.as_second();
        if claims.exp.saturating_add(LEEWAY_S) <= now {
            return refuse("it has run out");
        }
        let begins = [claims.nbf, claims.iat].into_iter().flatten().max();
        if begins.is_some_and(|begins| begins.saturating_sub(LEEWAY_S) > now) {
            return refuse("it is not good yet");
        }
        if claims.sub.is_empty() || claims.sub.len() > SUBJECT_CHARS_MAX {
            return refuse("its subject is empty or too long");
        }
        Ok(())
    }
}

impl Claims {
    /// The address, where the issuer says that it is the person's. Some issuers write the flag as text.
    fn address(&self) -> Option<Email> {
        let is_verified = match &self.email_verified {
            Some(serde_json::Value::Bool(flag)) => *flag,
            Some(serde_json::Value::String(text)) => text == "true",
            _ => false,
        };
        self.email.as_deref().filter(|_| is_verified).and_then(|text| Email::parse(text).ok())
    }
}

fn instant(second: i64) -> Result<Timestamp, Refused> {
    Timestamp::from_second(second).map_err(|_| Refused::Token("its end is no instant"))
}

#[cfg(test)]
mod tests;
