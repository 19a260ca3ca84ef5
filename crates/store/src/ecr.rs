//! ECR: repositories, the images pushed to them, and their tags.

use types::{AccountId, Fault, Region, Tag, Timestamp};

use crate::{Row, Session, args};

/// Which repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryAddress {
    pub account: AccountId,
    pub region: Region,
    pub name: String,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRow {
    pub address: RepositoryAddress,
    /// JSON; what is in it is the domain's.
    pub settings: String,
    /// The repository policy as it was given.
    pub policy: Option<String>,
    pub tags: Vec<Tag>,
    pub created: Timestamp,
}

/// An image of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRow {
    pub digest: String,
    pub media_type: String,
    /// The media type of its configuration.
    pub artifact_type: Option<String>,
    pub manifest: String,
    /// Of configuration and layers, in bytes.
    pub size: i64,
    pub pushed: Timestamp,
}

/// A layer or configuration that an image names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    pub digest: String,
    pub size: i64,
    pub media_type: String,
}

impl RepositoryRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            address: RepositoryAddress {
                account: row.parse("account")?,
                region: row.parse("region")?,
                name: row.text("name")?,
            },
            settings: row.text("settings")?,
            policy: row.opt_text("policy")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            created: row.timestamp("created_at")?,
        })
    }
}

impl ImageRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            digest: row.text("digest")?,
            media_type: row.text("media_type")?,
            artifact_type: row.opt_text("artifact_type")?,
            manifest: row.text("manifest")?,
            size: row.int("size")?,
            pushed: row.timestamp("pushed_at")?,
        })
    }
}

impl Session {
    pub async fn ecr_repository(
        &mut self,
        address: &RepositoryAddress,
    ) -> Result<Option<RepositoryRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM ecr_repositories WHERE account = $1 AND region = $2 AND name = $3",
            args![&address.account, &address.region, &address.name],
        )
        .await?
        .as_ref()
        .map(RepositoryRow::read)
        .transpose()
    }

    /// The repositories of an account and region whose names follow `after`, in the order of their names.
    pub async fn ecr_repositories(
        &mut self,
        account: &AccountId,
        region: &Region,
        after: &str,
        limit: i64,
    ) -> Result<Vec<RepositoryRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecr_repositories WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4",
            args![account, region, after, limit],
        )
        .await?
        .iter()
        .map(RepositoryRow::read)
        .collect()
    }

    /// Adds a repository; false where there is one of that name.
    pub async fn insert_ecr_repository(&mut self, row: &RepositoryRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO ecr_repositories (account, region, name, settings, policy, tags, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                args![
                    &row.address.account,
                    &row.address.region,
                    &row.address.name,
                    &row.settings,
                    row.policy.as_deref(),
                    row.tags.as_slice(),
                    row.created
                ],
            )
            .await?;
        Ok(inserted > 0)
    }

    /// Saves what can change of a repository.
    pub async fn save_ecr_repository(&mut self, row: &RepositoryRow) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecr_repositories SET settings = $4, policy = $5, tags = $6
             WHERE account = $1 AND region = $2 AND name = $3",
            args![
                &row.address.account,
                &row.address.region,
                &row.address.name,
                &row.settings,
                row.policy.as_deref(),
                row.tags.as_slice()
            ],
        )
        .await?;
        Ok(())
    }

    /// Removes a repository with all its images.
    pub async fn delete_ecr_repository(
        &mut self,
        address: &RepositoryAddress,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM ecr_repositories WHERE account = $1 AND region = $2 AND name = $3",
            args![&address.account, &address.region, &address.name],
        )
        .await?;
        Ok(())
    }

    pub async fn ecr_image(
        &mut self,
        repository: &RepositoryAddress,
        digest: &str,
    ) -> Result<Option<ImageRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecr_images WHERE account = $1 AND region = $2 AND repository = $3 AND digest = $4",
            args![&repository.account, &repository.region, &repository.name, digest],
        )
        .await?
        .as_ref()
        .map(ImageRow::read)
        .transpose()
    }

    /// The images of a repository whose digests follow `after`, in the order of their digests.
    pub async fn ecr_images(
        &mut self,
        repository: &RepositoryAddress,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ImageRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecr_images WHERE account = $1 AND region = $2 AND repository = $3 AND digest > $4
             ORDER BY digest LIMIT $5",
            args![&repository.account, &repository.region, &repository.name, after, limit],
        )
        .await?
        .iter()
        .map(ImageRow::read)
        .collect()
    }

    /// Saves an image with the layers it names. One that is there already stays as it was pushed.
    pub async fn insert_ecr_image(
        &mut self,
        repository: &RepositoryAddress,
        image: &ImageRow,
        layers: &[LayerRow],
    ) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO ecr_images (account, region, repository, digest, media_type, artifact_type, manifest, size,
                                         pushed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
                args![
                    &repository.account,
                    &repository.region,
                    &repository.name,
                    &image.digest,
                    &image.media_type,
                    image.artifact_type.as_deref(),
                    &image.manifest,
                    image.size,
                    image.pushed
                ],
            )
            .await?;
        if inserted == 0 {
            return Ok(false);
        }
        for layer in layers {
            self.execute(
                "INSERT INTO ecr_layers (account, region, repository, digest, image, size, media_type)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                args![
                    &repository.account,
                    &repository.region,
                    &repository.name,
                    &layer.digest,
                    &image.digest,
                    layer.size,
                    &layer.media_type
                ],
            )
            .await?;
        }
        Ok(true)
    }

    /// Removes an image with its tags.
    pub async fn delete_ecr_image(
        &mut self,
        repository: &RepositoryAddress,
        digest: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM ecr_images WHERE account = $1 AND region = $2 AND repository = $3 AND digest = $4",
            args![&repository.account, &repository.region, &repository.name, digest],
        )
        .await?;
        Ok(())
    }

    /// The digest of the image that carries the tag.
    pub async fn ecr_tag(
        &mut self,
        repository: &RepositoryAddress,
        tag: &str,
    ) -> Result<Option<String>, Fault> {
        self.fetch_optional(
            "SELECT digest FROM ecr_tags WHERE account = $1 AND region = $2 AND repository = $3 AND tag = $4",
            args![&repository.account, &repository.region, &repository.name, tag],
        )
        .await?
        .map(|row| row.text("digest"))
        .transpose()
    }

    /// All tags of a repository with the digests of their images, in the order of the tags.
    pub async fn ecr_tags(
        &mut self,
        repository: &RepositoryAddress,
    ) -> Result<Vec<(String, String)>, Fault> {
        self.fetch_all(
            "SELECT tag, digest FROM ecr_tags WHERE account = $1 AND region = $2 AND repository = $3 ORDER BY tag",
            args![&repository.account, &repository.region, &repository.name],
        )
        .await?
        .iter()
        .map(|row| Ok((row.text("tag")?, row.text("digest")?)))
        .collect()
    }

    /// Puts a tag on an image, wherever it was before.
    pub async fn put_ecr_tag(
        &mut self,
        repository: &RepositoryAddress,
        tag: &str,
        digest: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecr_tags (account, region, repository, tag, digest) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, region, repository, tag) DO UPDATE SET digest = excluded.digest",
            args![&repository.account, &repository.region, &repository.name, tag, digest],
        )
        .await?;
        Ok(())
    }

    pub async fn delete_ecr_tag(
        &mut self,
        repository: &RepositoryAddress,
        tag: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM ecr_tags WHERE account = $1 AND region = $2 AND repository = $3 AND tag = $4",
            args![&repository.account, &repository.region, &repository.name, tag],
        )
        .await?;
        Ok(())
    }

    /// A layer, if an image of the repository names it.
    pub async fn ecr_layer(
        &mut self,
        repository: &RepositoryAddress,
        digest: &str,
    ) -> Result<Option<LayerRow>, Fault> {
        self.fetch_optional(
            "SELECT digest, size, media_type FROM ecr_layers
             WHERE account = $1 AND region = $2 AND repository = $3 AND digest = $4 LIMIT 1",
            args![
                &repository.account,
                &repository.region,
                &repository.name,
                digest
            ],
        )
        .await?
        .map(|row| {
            Ok(LayerRow {
                digest: row.text("digest")?,
                size: row.int("size")?,
                media_type: row.text("media_type")?,
            })
        })
        .transpose()
    }
}
