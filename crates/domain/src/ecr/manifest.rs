//! Image manifests, as far as a registry has to understand them. Pure.

use serde_json::Value;
use store::ecr::LayerRow;

pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// The largest manifest, in bytes.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// `sha256:…` of its bytes.
    pub digest: String,
    pub media_type: String,
    pub artifact_type: Option<String>,
    /// Of configuration and layers, in bytes.
    pub size: i64,
    pub layers: Vec<LayerRow>,
    /// The images of a list, by their digests.
    pub images: Vec<String>,
}

impl Manifest {
    /// Reads a manifest. Its own media type counts, else the one that came with it, else its form tells.
    pub fn parse(text: &str, given: Option<&str>) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        if document.get("schemaVersion")?.as_i64()? != 2 {
            return None;
        }
        let own = document.get("mediaType").and_then(Value::as_str);
        let known = |kind: &&str| [DOCKER, DOCKER_LIST, OCI, OCI_INDEX].contains(kind);
        let is_list = document.get("manifests").is_some();
        let by_form = if is_list { OCI_INDEX } else { OCI };
        let media_type = own.or(given.filter(known)).unwrap_or(by_form);
        if !known(&media_type) || is_list != [DOCKER_LIST, OCI_INDEX].contains(&media_type) {
            return None;
        }
        let (mut layers, mut images) = (Vec::new(), Vec::new());
        if is_list {
            for image in document.get("manifests")?.as_array()? {
                images.push(digest_of(image)?);
            }
        } else {
            layers.push(layer(document.get("config")?)?);
            for one in document.get("layers")?.as_array()? {
                layers.push(layer(one)?);
            }
        }
        let artifact = document.get("artifactType").and_then(Value::as_str);
        let config = layers.first().map(|config| config.media_type.clone());
        Some(Self {
            digest: format!("sha256:{}", crypto::sha256_hex(text.as_bytes())),
            media_type: media_type.to_owned(),
            artifact_type: artifact.map(str::to_owned).or(config),
            size: layers.iter().map(|layer| layer.size).sum(),
            layers,
            images,
        })
    }
}

fn digest_of(descriptor: &Value) -> Option<String> {
    let digest = descriptor.get("digest")?.as_str()?;
    is_digest(digest).then(|| digest.to_owned())
}

fn layer(descriptor: &Value) -> Option<LayerRow> {
    Some(LayerRow {
        digest: digest_of(descriptor)?,
        size: descriptor
            .get("size")?
            .as_i64()
            .filter(|size| (0..=i64::from(u32::MAX) << 16).contains(size))?,
        media_type: descriptor.get("mediaType")?.as_str()?.to_owned(),
    })
}

/// `algorithm:hex`
pub fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_+.".contains(&b))
            && !hex.is_empty()
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// A tag: letters, digits, `_`, `.` and `-`, 128 at most, not beginning with `.` or `-`.
pub fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = r#"{"schemaVersion":2,
        "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:aa","size":3},
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:bb","size":40}]}"#;

    #[test]
    fn an_image_names_its_layers_and_their_size() {
        let manifest = Manifest::parse(IMAGE, None).unwrap();
        assert_eq!((manifest.media_type.as_str(), manifest.size), (OCI, 43));
        assert_eq!(
            manifest.artifact_type.as_deref(),
            Some("application/vnd.oci.image.config.v1+json")
        );
        let digests: Vec<_> = manifest.layers.iter().map(|l| l.digest.as_str()).collect();
        assert_eq!(digests, ["sha256:aa", "sha256:bb"]);
        let given = Manifest::parse(IMAGE, Some(DOCKER)).unwrap();
        assert_eq!(given.media_type, DOCKER);
    }

    #[test]
    fn a_list_names_its_images() {
        let text = r#"{"schemaVersion":2,"manifests":[{"digest":"sha256:cc","size":1}]}"#;
        let list = Manifest::parse(text, None).unwrap();
        assert_eq!(list.media_type, OCI_INDEX);
        assert_eq!(list.images, ["sha256:cc"]);
        assert!(list.layers.is_empty());
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for bad in [
            "no",
            "[]",
            r#"{"schemaVersion":1}"#,
            r#"{"schemaVersion":2}"#,
            r#"{"schemaVersion":2,"mediaType":"text/plain","manifests":[]}"#,
            r#"{"schemaVersion":2,"manifests":[{"digest":"../../x"}]}"#,
            r#"{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:aa","size":-1},"layers":[]}"#,
        ] {
            assert_eq!(Manifest::parse(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn digests_and_tags_have_their_forms() {
        assert!(is_digest("sha256:0aF") && !is_digest("sha256:") && !is_digest("sha256:g"));
        assert!(is_tag("v1.0_x-y") && !is_tag("") && !is_tag(".x") && !is_tag("a/b"));
        assert!(!is_tag(&"t".repeat(129)));
    }
}
