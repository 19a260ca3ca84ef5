//! Uploads: the registry behind says where each goes on, and the client is told a sealed form of that.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ecr::registry::Refusal;
use http::{HeaderValue, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use store::ecr::RepositoryAddress;

use super::{Registry, answer};

const LABEL: &str = "ecr upload";

impl Registry {
    pub(super) async fn begin_upload(
        &self,
        address: &RepositoryAddress,
        parts: &Parts,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        let upstream = self.upstream()?;
        // A layer of another repository is not taken over: who may read that one is not asked here.
        let digest = answer::query(parts, "digest");
        let query = digest.map_or(String::new(), |digest| {
            format!("?digest={}", answer::encoded(&digest))
        });
        let path = upstream.path(address, &format!("blobs/uploads/{query}"));
        let method = parts.method.clone();
        let answer = upstream.ask(method, &path, &parts.headers, body).await?;
        Ok(self.with_own_location(answer, address, parts))
    }

    pub(super) async fn go_on_with_upload(
        &self,
        address: &RepositoryAddress,
        session: &str,
        parts: &Parts,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        let unknown = || Refusal::told(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
        let mut path = self.open(address, session).ok_or_else(unknown)?;
        if let Some(digest) = answer::query(parts, "digest") {
            let joint = if path.contains('?') { '&' } else { '?' };
            path = format!("{path}{joint}digest={}", answer::encoded(&digest));
        }
        let upstream = self.upstream()?;
        let method = parts.method.clone();
        let answer = upstream.ask(method, &path, &parts.headers, body).await?;
        Ok(self.with_own_location(answer, address, parts))
    }

    /// The answer, which leads back here: to the layer once it is there, else to where the upload goes on.
    fn with_own_location(
        &self,
        answer: Response<Incoming>,
        address: &RepositoryAddress,
        parts: &Parts,
    ) -> Response<Body> {
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let path = parts.uri.path();
        let uploads = path.find("/blobs/uploads").and_then(|at| path.get(..at));
        let repository = uploads.unwrap_or(path);
        let own = if answer.status() == StatusCode::CREATED {
            let digest = answer::query(parts, "digest").unwrap_or_default();
            Some(format!("{repository}/blobs/{digest}"))
        } else {
            location.map(|location| {
                let session = self.seal(address, &path_of(location));
                format!("{repository}/blobs/uploads/{session}")
            })
        };
        let mut answer = answer::passed_on(answer);
        answer.headers_mut().remove(header::LOCATION);
        if let Some(own) = own.and_then(|own| HeaderValue::try_from(own).ok()) {
            answer.headers_mut().insert(header::LOCATION, own);
        }
        answer
    }

    /// INVARIANT: an upload goes on only where the registry behind said, and only in the repository it began in.
    fn seal(&self, address: &RepositoryAddress, path: &str) -> String {
        let entropy = self.world.entropy.as_ref();
        let root_key = &self.world.root_key;
        URL_SAFE_NO_PAD.encode(root_key.seal(&purpose(address), path.as_bytes(), entropy))
    }

    fn open(&self, address: &RepositoryAddress, session: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(session).ok()?;
        let path = self.world.root_key.open(&purpose(address), &sealed).ok()?;
        path.expose_secret_str().map(str::to_owned)
    }
}

fn purpose(address: &RepositoryAddress) -> String {
    format!(
        "{LABEL} {} {} {}",
        address.account, address.region, address.name
    )
}

/// Path and query of a location, which may be a whole URL.
fn path_of(location: &str) -> String {
    let after_host = |rest: &str| match rest.find('/') {
        Some(at) => rest.get(at..).unwrap_or_default().to_owned(),
        None => "/".to_owned(),
    };
    location
        .split_once("://")
        .map_or_else(|| location.to_owned(), |(_, rest)| after_host(rest))
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_location_is_taken_without_its_host() {
        assert_eq!(path_of("http://r.test:5000/v2/a?s=1"), "/v2/a?s=1");
        assert_eq!(path_of("/v2/a?s=1"), "/v2/a?s=1");
        assert_eq!(path_of("https://r.test"), "/");
    }
}
