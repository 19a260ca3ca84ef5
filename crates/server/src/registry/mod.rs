//! `/v2/`: the ECR registries of this server, in Docker's registry protocol.
//!
//! Whoever asks shows a token of `GetAuthorizationToken`; what it may do is decided per repository and request by
//! `domain::ecr::registry`. Manifests are rows of the store. Layers pass through to the OCI registry behind this server,
//! under a path that belongs to the one repository.

mod answer;
mod target;
mod upload;
mod upstream;

use std::{net::SocketAddr, sync::Arc};

use api::Service;
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    Cx, RequestFacts, World,
    ecr::registry::{self, Pushed, Refusal, Use},
    identity::Caller,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use store::ecr::{RepositoryAddress, RepositoryRow};
use types::{Fault, SecretValue};

pub use self::upstream::{OciRegistry, OciRegistryError};
use self::{target::Target, upstream::Upstream};
use crate::audit::{AuditLog, Record, Trail};

/// How many tags a list has where the client does not say.
const TAGS: usize = 1000;

/// Answers requests of the registry protocol.
#[derive(Clone)]
pub struct Registry {
    world: Arc<World>,
    audit: AuditLog,
    upstream: Option<Arc<Upstream>>,
}

/// One request, as far as all of them are alike.
struct Asked<'a> {
    parts: &'a Parts,
    repository: RepositoryAddress,
    caller: Caller,
    facts: RequestFacts,
}

impl Registry {
    pub fn new(
        world: Arc<World>,
        audit: AuditLog,
        behind: Option<&OciRegistry>,
    ) -> Result<Self, OciRegistryError> {
        Ok(Self {
            world,
            audit,
            upstream: behind.map(Upstream::new).transpose()?.map(Arc::new),
        })
    }

    /// One request, one audit record, one answer.
    pub async fn respond(&self, request: Request<Body>, peer: SocketAddr) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let (begun, id) = (self.world.clock.now(), self.world.entropy.uuid());
        let mut trail = Trail {
            source_address: Some(peer.ip()),
            ..Trail::default()
        };
        let mut event = format!("{}:{}", Service::Ecr, parts.method);
        let mut outcome = self.answer(&parts, body, &id, &mut trail, &mut event).await;
        let code = match &outcome {
            Ok(_) => "ok",
            Err(Refusal::Told { code, .. }) => code,
            Err(Refusal::Fault(fault)) => {
                tracing::error!(request.id = id, event, cause = %fault.chain(), "a request failed");
                "ServerException"
            }
        };
        let record = Record::of(&trail, begun, &id, &event, code);
        if let Err(error) = self.audit.write(&record) {
            outcome = Err(Refusal::Fault(Fault::new(error)));
        }
        outcome.unwrap_or_else(|refusal| answer::refused(&refusal, self.world.endpoint()))
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: Body,
        id: &str,
        trail: &mut Trail,
        event: &mut String,
    ) -> Result<Response<Body>, Refusal> {
        let target = Target::parse(parts.uri.path());
        let target = target.ok_or_else(|| Refusal::told(404, "UNSUPPORTED", "no such path"))?;
        if let Target::Blob { repository, digest } = &target
            && let Some(secret) = answer::query(parts, "link")
        {
            "ecr:layer link".clone_into(event);
            let address = registry::address(&self.world, repository);
            if parts.method != Method::GET
                || !registry::opens_layer(&self.world, &address, digest, &secret)
            {
                return Err(Refusal::told(403, "DENIED", "the link has expired"));
            }
            return self.blob(&address, digest, parts).await;
        }
        let caller = self.caller(&parts.headers).await?;
        trail.access_key_id = Some(caller.access_key_id.clone());
        trail.caller = Some(caller.clone());
        let repository = match &target {
            Target::Registry => return Ok(answer::registry()),
            Target::Manifest { repository, .. }
            | Target::Blob { repository, .. }
            | Target::Uploads { repository }
            | Target::Upload { repository, .. }
            | Target::Tags { repository } => registry::address(&self.world, repository),
        };
        trail.region = Some(repository.region.clone());
        let user_agent = parts.headers.get(header::USER_AGENT);
        let asked = Asked {
            parts,
            repository,
            caller,
            facts: RequestFacts {
                id: id.to_owned(),
                source_ip: trail.source_address,
                referer: None,
                user_agent: user_agent.and_then(|v| v.to_str().ok()).map(str::to_owned),
                secure: false,
                answer_form: api::AnswerForm::default(),
            },
        };
        let using = use_of(&target, parts)?;
        using.action().clone_into(event);
        self.perform(asked, target, using, body, trail).await
    }

    async fn perform(
        &self,
        asked: Asked<'_>,
        target: Target,
        using: Use,
        body: Body,
        trail: &mut Trail,
    ) -> Result<Response<Body>, Refusal> {
        let row = self.allowed(&asked, using, trail).await?;
        let address = &row.address;
        match target {
            Target::Registry => Ok(answer::registry()),
            Target::Tags { .. } => self.tags(&asked, address).await,
            Target::Manifest { reference, .. } if using == Use::PutManifest => {
                self.put_manifest(&asked, &reference, body, trail).await
            }
            Target::Manifest { reference, .. } => {
                let mut cx = self.reading(&asked).await?;
                let image = registry::manifest(&mut cx, address, &reference).await?;
                Ok(answer::manifest(image, asked.parts.method == Method::HEAD))
            }
            Target::Blob { digest, .. } => self.blob(address, &digest, asked.parts).await,
            Target::Uploads { .. } => {
                if answer::query(asked.parts, "digest").is_some() {
                    // The whole layer at once.
                    self.allowed(&asked, Use::UploadPart, trail).await?;
                    self.allowed(&asked, Use::CompleteUpload, trail).await?;
                }
                self.begin_upload(address, asked.parts, body).await
            }
            Target::Upload { session, .. } => {
                if using == Use::CompleteUpload && answer::has_body(asked.parts) {
                    self.allowed(&asked, Use::UploadPart, trail).await?;
                }
                self.go_on_with_upload(address, &session, asked.parts, body)
                    .await
            }
        }
    }

    /// Whom the request's login stands for.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let password = password(headers).ok_or_else(Refusal::unauthorized)?;
        let mut db = self.world.store.read().await?;
        registry::caller(&self.world, &mut db, &password).await
    }

    /// The repository, where the caller may do this with it. The decision is noted.
    async fn allowed(
        &self,
        asked: &Asked<'_>,
        using: Use,
        trail: &mut Trail,
    ) -> Result<RepositoryRow, Refusal> {
        let mut cx = self.reading(asked).await?;
        let row = registry::locate(&mut cx, using, &asked.repository).await;
        trail.decided.extend(cx.end().decided);
        row
    }

    async fn reading(&self, asked: &Asked<'_>) -> Result<Cx, Fault> {
        let session = self.world.store.read().await?;
        Ok(self.cx(session, asked))
    }

    fn cx(&self, session: store::Session, asked: &Asked<'_>) -> Cx {
        Cx::new(
            Arc::clone(&self.world),
            session,
            asked.caller.clone(),
            asked.repository.region.clone(),
            asked.facts.clone(),
        )
    }

    async fn tags(
        &self,
        asked: &Asked<'_>,
        address: &RepositoryAddress,
    ) -> Result<Response<Body>, Refusal> {
        let most = answer::query(asked.parts, "n").and_then(|n| n.parse().ok());
        let after = answer::query(asked.parts, "last").unwrap_or_default();
        let mut cx = self.reading(asked).await?;
        let most = most.unwrap_or(TAGS).min(TAGS);
        let tags = registry::tags(&mut cx, address, &after, most + 1).await?;
        Ok(answer::tags(
            asked.parts.uri.path(),
            &address.name,
            tags,
            most,
        ))
    }

    /// The registry behind has it first: an image that is known here can always be pulled.
    async fn put_manifest(
        &self,
        asked: &Asked<'_>,
        reference: &str,
        body: Body,
        trail: &mut Trail,
    ) -> Result<Response<Body>, Refusal> {
        let body = Limited::new(body, registry::LONGEST_MANIFEST)
            .collect()
            .await;
        let body =
            body.map_err(|_| Refusal::told(413, "SIZE_INVALID", "the manifest is too large"))?;
        let text = String::from_utf8(body.to_bytes().to_vec());
        let text = text.map_err(|_| Refusal::told(400, "MANIFEST_INVALID", "it is no text"))?;
        let content_type = asked.parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let pushed = Pushed::parse(text, reference, content_type)?;
        // Under a tag of its own there, so that no clean-up there takes it for garbage.
        let path = format!("manifests/{}", pushed.digest().replace(':', "-"));
        let upstream = self.upstream()?;
        let mut headers = HeaderMap::new();
        if let Ok(media_type) = pushed.media_type().parse() {
            headers.insert(header::CONTENT_TYPE, media_type);
        }
        let path = upstream.path(&asked.repository, &path);
        let body = Body::from(pushed.text().to_owned());
        let put = upstream.ask(Method::PUT, &path, &headers, body).await?;
        if put.status() != StatusCode::CREATED {
            return Ok(answer::passed_on(put));
        }
        let session = self.world.store.write().await?;
        let mut cx = self.cx(session, asked);
        let taken = match registry::locate(&mut cx, Use::PutManifest, &asked.repository).await {
            Ok(row) => pushed.take(&mut cx, &row).await,
            Err(refusal) => Err(refusal),
        };
        let ended = cx.end();
        trail.decided.extend(ended.decided);
        match taken {
            Ok(digest) => {
                ended.session.commit().await?;
                let path = asked.parts.uri.path();
                let place = path.rsplit_once('/').map_or(path, |(place, _)| place);
                Ok(answer::created(&format!("{place}/{digest}"), &digest))
            }
            Err(refusal) => {
                ended.session.rollback();
                Err(refusal)
            }
        }
    }

    /// A layer, or whether there is one.
    async fn blob(
        &self,
        address: &RepositoryAddress,
        digest: &str,
        parts: &Parts,
    ) -> Result<Response<Body>, Refusal> {
        if !registry::is_digest(digest) {
            return Err(Refusal::told(400, "DIGEST_INVALID", "Invalid layer digest"));
        }
        let upstream = self.upstream()?;
        let path = upstream.path(address, &format!("blobs/{digest}"));
        let method = parts.method.clone();
        let answer = upstream
            .ask(method, &path, &parts.headers, Body::empty())
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            let text = "Requested layer not found";
            return Err(Refusal::told(404, "BLOB_UNKNOWN", text));
        }
        Ok(answer::passed_on(answer))
    }

    fn upstream(&self) -> Result<&Upstream, Refusal> {
        self.upstream.as_deref().ok_or_else(|| {
            let text = "no OCI registry is configured; start sealift with --oci-registry";
            Refusal::told(503, "UNAVAILABLE", text)
        })
    }
}

/// Which of ECR's actions a request stands for.
fn use_of(target: &Target, parts: &Parts) -> Result<Use, Refusal> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    Ok(match (target, parts.method.as_str()) {
        (Target::Manifest { .. }, _) if reads => Use::GetManifest,
        (Target::Manifest { .. }, "PUT") => Use::PutManifest,
        (Target::Blob { .. }, "HEAD") => Use::CheckLayer,
        (Target::Blob { .. }, "GET") => Use::GetLayer,
        (Target::Uploads { .. }, "POST") => Use::BeginUpload,
        (Target::Upload { .. }, "PATCH" | "GET" | "DELETE") => Use::UploadPart,
        (Target::Upload { .. }, "PUT") => Use::CompleteUpload,
        (Target::Tags { .. }, "GET") => Use::ListTags,
        _ => {
            // AWS: images are deleted with BatchDeleteImage.
            let text = "The operation is unsupported.";
            return Err(Refusal::told(405, "UNSUPPORTED", text));
        }
    })
}

/// The password of Basic authentication. Its user name says nothing.
fn password(headers: &HeaderMap) -> Option<SecretValue> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = SecretValue::from(STANDARD.decode(encoded.trim()).ok()?);
    let (_, password) = plain.expose_secret_str()?.split_once(':')?;
    Some(SecretValue::from(password))
}
