//! ETag and If-Match: whoever changes a thing says in which version they saw it.

use axum::extract::FromRequestParts;
use http::header::{HeaderValue, IF_MATCH};
use http::request::Parts;

use crate::problem::{Problem, Versions};

/// The version that a caller saw, if they say; `*` is any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<u64>);

impl IfMatch {
    /// The version that the caller saw; `None` where they did not say.
    #[must_use]
    pub fn version(self) -> Option<u32> {
        // A version that does not fit is none that was ever answered.
        self.0.map(|seen| u32::try_from(seen).unwrap_or(u32::MAX))
    }

    /// Is the thing as the caller saw it?
    ///
    /// # Errors
    /// 412 when it has changed since.
    pub fn check(self, version: u64) -> Result<(), Problem> {
        match self.0 {
            Some(seen) if seen != version => Err(self.changed(version)),
            _ => Ok(()),
        }
    }

    /// 412 where somebody else was quicker, with both versions: the one that was seen, if the caller said, and the present.
    #[must_use]
    pub fn changed(self, version: u64) -> Problem {
        told(self.0, version)
    }
}

/// 412 where another was quicker between our own reading and our writing: the version that was read, and the present.
#[must_use]
pub fn changed(read: u64, present: u64) -> Problem {
    told(Some(read), present)
}

fn told(seen: Option<u64>, present: u64) -> Problem {
    let said = |seen| format!("this has changed since it was read: it was at version {seen}, it is at {present}");
    let unsaid = || format!("this was changed meanwhile: it is at {present}");
    let why = format!("{}; read it again", seen.map_or_else(unsaid, said));
    Problem::precondition_failed(why, Versions { seen, present })
}

/// The ETag of a version.
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    // Digits between quotes are always a header's value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let version = digits.and_then(|digits| digits.parse().ok());
        version
            .map(|version| Self(Some(version)))
            .ok_or_else(|| Problem::bad_parameter("If-Match", "one ETag as it was answered, such as \"3\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(value: Option<&str>) -> Result<IfMatch, Problem> {
        let mut request = http::Request::builder();
        if let Some(value) = value {
            request = request.header(IF_MATCH, value);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_version_that_was_seen_must_be_the_present_one() {
        let seen = read(Some("\"3\"")).await.expect("an ETag");
        assert!(seen.check(3).is_ok());
        assert_eq!(seen.check(4).expect_err("changed").status().as_u16(), 412);
        assert_eq!(etag(3), "\"3\"");
        for told in [seen.changed(5), changed(3, 5)] {
            assert!(told.detail().contains("version 3") && told.detail().contains("is at 5"), "{}", told.detail());
            assert_eq!(told.versions(), Some(Versions { seen: Some(3), present: 5 }));
        }
        let told = read(None).await.expect("none").changed(5);
        assert!(told.status().as_u16() == 412 && told.detail().contains("is at 5"), "{}", told.detail());
        assert_eq!(told.versions(), Some(Versions { seen: None, present: 5 }));
    }

    #[tokio::test]
    async fn whoever_does_not_say_meets_any_version_and_nonsense_is_refused() {
        assert!(read(None).await.expect("none").check(7).is_ok());
        assert!(read(Some("*")).await.expect("any").check(7).is_ok());
        for nonsense in ["3", "W/\"3\"", "\"a\"", "\"1\", \"2\"", ""] {
            assert_eq!(read(Some(nonsense)).await.expect_err(nonsense).status().as_u16(), 400);
        }
    }
}
