//! Docker's registry protocol, as far as it is decided here: who asks, whether they may, and what is there.
//!
//! The server speaks HTTP and passes layers through to the registry behind it; every answer of that registry belongs to
//! the one repository whose request was allowed here.

use api::CommonError;
use ecs::images::EcrImage;
use store::{
    Session,
    ecr::{ImageRow, RepositoryAddress, RepositoryRow},
};
use types::{Fault, SecretValue};

pub use super::manifest::{LONGEST as LONGEST_MANIFEST, is_digest, is_tag};
use super::{
    images::{self, NotTaken},
    link,
    manifest::Manifest,
    repository,
    token::{self, NoCaller},
};
use crate::{Cx, World, identity::Caller};

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub enum Refusal {
    /// In the words of the protocol.
    Told {
        status: u16,
        code: &'static str,
        message: String,
    },
    Fault(Fault),
}

impl Refusal {
    pub fn told(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Told {
            status,
            code,
            message: message.into(),
        }
    }

    /// The request has no login, or none that is good.
    pub fn unauthorized() -> Self {
        Self::told(401, "UNAUTHORIZED", "authentication required")
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<CommonError> for Refusal {
    fn from(error: CommonError) -> Self {
        match error {
            CommonError::AccessDenied(text) => Self::told(403, "DENIED", text),
            CommonError::Fault(fault) => Self::Fault(fault),
            other => Self::told(400, "DENIED", other.report(api::Service::Ecr).to_string()),
        }
    }
}

/// What is done with a repository, as ECR's actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    GetManifest,
    GetLayer,
    CheckLayer,
    ListTags,
    BeginUpload,
    UploadPart,
    CompleteUpload,
    PutManifest,
}

impl Use {
    /// The action that must be allowed.
    pub fn action(self) -> &'static str {
        match self {
            Self::GetManifest => "ecr:BatchGetImage",
            Self::GetLayer => "ecr:GetDownloadUrlForLayer",
            Self::CheckLayer => "ecr:BatchCheckLayerAvailability",
            Self::ListTags => "ecr:ListImages",
            Self::BeginUpload => "ecr:InitiateLayerUpload",
            Self::UploadPart => "ecr:UploadLayerPart",
            Self::CompleteUpload => "ecr:CompleteLayerUpload",
            Self::PutManifest => "ecr:PutImage",
        }
    }
}

/// Whom the password of a login stands for.
pub async fn caller(
    world: &World,
    db: &mut Session,
    password: &SecretValue,
) -> Result<Caller, Refusal> {
    let partition = world.settings.region.partition();
    match token::open(world, db, password, partition).await? {
        Ok(caller) => Ok(caller),
        Err(NoCaller::Expired) => Err(Refusal::told(
            403,
            "DENIED",
            "Your authorization token has expired. Reauthenticate and try again.",
        )),
        Err(NoCaller::Invalid) => Err(Refusal::unauthorized()),
    }
}

/// The repository at a path, such as `team/app`.
pub fn address(world: &World, path: &str) -> RepositoryAddress {
    let EcrImage {
        account,
        region,
        name,
    } = world.registry().place(path);
    RepositoryAddress {
        account,
        region,
        name: name.to_owned(),
    }
}

/// The repository, if it is there and the caller may do this with it.
pub async fn locate(
    cx: &mut Cx,
    using: Use,
    address: &RepositoryAddress,
) -> Result<RepositoryRow, Refusal> {
    let row = cx.db.ecr_repository(address).await?;
    let access = repository::access(using.action(), address, row.as_ref())?;
    repository::authorize(cx, access)?;
    row.ok_or_else(|| Refusal::told(404, "NAME_UNKNOWN", repository::not_found_text(address)))
}

/// Whether the secret part of a link opens this layer.
pub fn opens_layer(world: &World, address: &RepositoryAddress, digest: &str, secret: &str) -> bool {
    link::opens(world, &layer(address, digest), secret)
}

/// One layer of one repository, as a link is bound to it.
pub(super) fn layer(address: &RepositoryAddress, digest: &str) -> String {
    format!("{}@{digest}", repository::arn(address))
}

/// The image that a tag or digest means.
pub async fn manifest(
    cx: &mut Cx,
    repository: &RepositoryAddress,
    reference: &str,
) -> Result<ImageRow, Refusal> {
    let unknown = || Refusal::told(404, "MANIFEST_UNKNOWN", "Requested image not found");
    let digest = if is_digest(reference) {
        reference.to_owned()
    } else {
        let tagged = cx.db.ecr_tag(repository, reference).await?;
        tagged.ok_or_else(unknown)?
    };
    let image = cx.db.ecr_image(repository, &digest).await?;
    image.ok_or_else(unknown)
}

/// The tags of a repository after one, in order.
pub async fn tags(
    cx: &mut Cx,
    repository: &RepositoryAddress,
    after: &str,
    most: usize,
) -> Result<Vec<String>, Fault> {
    let tags = cx.db.ecr_tags(repository).await?.into_iter();
    let following = tags
        .map(|(tag, _)| tag)
        .skip_while(|tag| tag.as_str() <= after);
    Ok(following.take(most).collect())
}

/// A manifest that somebody pushes.
pub struct Pushed {
    manifest: Manifest,
    text: String,
    tag: Option<String>,
}

impl Pushed {
    /// Checks what can be checked without asking anybody.
    pub fn parse(
        text: String,
        reference: &str,
        content_type: Option<&str>,
    ) -> Result<Self, Refusal> {
        let invalid = |text: &str| Refusal::told(400, "MANIFEST_INVALID", text);
        let manifest = Manifest::parse(&text, content_type)
            .ok_or_else(|| invalid("Invalid image manifest"))?;
        if is_digest(reference) {
            if reference != manifest.digest {
                let text = "The digest of the manifest is not the one of the request";
                return Err(Refusal::told(400, "DIGEST_INVALID", text));
            }
        } else if !is_tag(reference) {
            return Err(Refusal::told(400, "TAG_INVALID", "Invalid image tag"));
        }
        Ok(Self {
            tag: (!is_digest(reference)).then(|| reference.to_owned()),
            manifest,
            text,
        })
    }

    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }

    pub fn media_type(&self) -> &str {
        &self.manifest.media_type
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Saves the image. The registry behind has it already, layers and all.
    pub async fn take(self, cx: &mut Cx, repository: &RepositoryRow) -> Result<String, Refusal> {
        let address = &repository.address;
        let tag = self.tag.as_deref();
        match images::take(cx, repository, &self.manifest, &self.text, tag).await {
            Ok(()) => Ok(self.manifest.digest),
            Err(NotTaken::TagStays { tag }) => {
                let text = images::tag_stays(address, &tag);
                Err(Refusal::told(400, "TAG_INVALID", text))
            }
            Err(NotTaken::MissingImages(missing)) => {
                let text = images::missing_images(address, &missing);
                Err(Refusal::told(404, "MANIFEST_BLOB_UNKNOWN", text))
            }
            Err(NotTaken::Fault(fault)) => Err(fault.into()),
        }
    }
}
