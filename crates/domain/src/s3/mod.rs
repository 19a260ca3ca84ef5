//! S3, as much of it as environment files need: buckets, and small objects that are sealed at rest.
//!
//! The server speaks S3's HTTP; here is what each operation does with it. [`run`] is the way in.

mod access;
mod bucket;
mod content;
mod create_bucket;
mod delete_bucket;
mod delete_object;
mod get_bucket_location;
mod get_object;
mod list_buckets;
mod list_objects_v2;
mod put_object;
mod refusal;

use std::collections::BTreeMap;

use api::{HandledOperation, Kind, s3::OPERATIONS};
use store::s3::{BucketRow, ObjectRow};
use types::{Region, SecretValue, Timestamp};

pub(crate) use self::content::key_purpose;
pub use self::{
    list_objects_v2::{Listing, MOST_KEYS},
    put_object::{LARGEST_OBJECT, MOST_BYTES, MOST_OBJECTS},
    refusal::Refusal,
};
use crate::Cx;

/// What a request asks for.
#[derive(Clone)]
pub enum Request {
    ListBuckets,
    CreateBucket {
        bucket: String,
        location: Option<String>,
    },
    HeadBucket {
        bucket: String,
    },
    GetBucketLocation {
        bucket: String,
    },
    DeleteBucket {
        bucket: String,
    },
    ListObjectsV2(ListObjects),
    PutObject(PutObject),
    GetObject {
        bucket: String,
        key: String,
    },
    HeadObject {
        bucket: String,
        key: String,
    },
    DeleteObject {
        bucket: String,
        key: String,
    },
}

/// The parameters of a listing.
#[derive(Clone, Debug, Default)]
pub struct ListObjects {
    pub bucket: String,
    pub prefix: Option<String>,
    pub delimiter: Option<String>,
    /// As many keys and common prefixes at most.
    pub max_keys: Option<usize>,
    /// What an earlier listing ended with.
    pub continuation_token: Option<String>,
    pub start_after: Option<String>,
}

/// A new object.
#[derive(Clone)]
pub struct PutObject {
    pub bucket: String,
    pub key: String,
    pub content: SecretValue,
    /// What is answered with it, such as its type and checksum.
    pub headers: BTreeMap<String, String>,
    pub condition: Option<PutIf>,
}

/// When an object is to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutIf {
    /// Where there is none of this key.
    Absent,
    /// Where the one of this key has this tag.
    Is(String),
}

/// What is answered.
pub enum Answer {
    Done,
    Buckets(Vec<BucketRow>),
    Bucket(BucketRow),
    Location(Region),
    Listing(Listing),
    Put { etag: String },
    Object(Object),
}

/// An object as it is answered.
pub struct Object {
    pub etag: String,
    pub size: i64,
    pub modified: Timestamp,
    pub headers: BTreeMap<String, String>,
    /// Empty where only the rest is asked for.
    pub content: SecretValue,
}

impl Request {
    /// Its line in the table of operations.
    pub fn operation(&self) -> &'static HandledOperation {
        let name = match self {
            Self::ListBuckets => "ListBuckets",
            Self::CreateBucket { .. } => "CreateBucket",
            Self::HeadBucket { .. } => "HeadBucket",
            Self::GetBucketLocation { .. } => "GetBucketLocation",
            Self::DeleteBucket { .. } => "DeleteBucket",
            Self::ListObjectsV2(_) => "ListObjectsV2",
            Self::PutObject(_) => "PutObject",
            Self::GetObject { .. } => "GetObject",
            Self::HeadObject { .. } => "HeadObject",
            Self::DeleteObject { .. } => "DeleteObject",
        };
        let mut operations = OPERATIONS.iter();
        operations
            .find(|operation| operation.name == name)
            .expect("every operation is in the table, as a test sees")
    }

    pub fn kind(&self) -> Kind {
        self.operation().kind
    }
}

/// Authorises, acts and answers.
pub async fn run(cx: &mut Cx, request: Request) -> Result<Answer, Refusal> {
    let operation = request.operation();
    cx.running = Some((operation.action, &operation.access));
    match request {
        Request::ListBuckets => list_buckets::run(cx).await,
        Request::CreateBucket { bucket, location } => {
            create_bucket::run(cx, bucket, location).await
        }
        Request::HeadBucket { bucket } => bucket::head(cx, &bucket).await,
        Request::GetBucketLocation { bucket } => get_bucket_location::run(cx, &bucket).await,
        Request::DeleteBucket { bucket } => delete_bucket::run(cx, &bucket).await,
        Request::ListObjectsV2(listing) => list_objects_v2::run(cx, listing).await,
        Request::PutObject(put) => put_object::run(cx, put).await,
        Request::GetObject { bucket, key } => get_object::run(cx, &bucket, &key).await,
        Request::HeadObject { bucket, key } => get_object::head(cx, &bucket, &key).await,
        Request::DeleteObject { bucket, key } => delete_object::run(cx, &bucket, &key).await,
    }
}

fn headers_of(row: &ObjectRow) -> Result<BTreeMap<String, String>, types::Fault> {
    serde_json::from_str(&row.headers).map_err(types::Fault::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_table_has_a_request() {
        let bucket = || "b".to_owned();
        let key = || "k".to_owned();
        let put = PutObject {
            bucket: bucket(),
            key: key(),
            content: SecretValue::default(),
            headers: BTreeMap::new(),
            condition: None,
        };
        let mut names: Vec<_> = [
            Request::ListBuckets,
            Request::CreateBucket {
                bucket: bucket(),
                location: None,
            },
            Request::HeadBucket { bucket: bucket() },
            Request::GetBucketLocation { bucket: bucket() },
            Request::DeleteBucket { bucket: bucket() },
            Request::ListObjectsV2(ListObjects::default()),
            Request::PutObject(put),
            Request::GetObject {
                bucket: bucket(),
                key: key(),
            },
            Request::HeadObject {
                bucket: bucket(),
                key: key(),
            },
            Request::DeleteObject {
                bucket: bucket(),
                key: key(),
            },
        ]
        .iter()
        .map(|request| request.operation().name)
        .collect();
        names.sort_unstable();
        let table: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names, table);
    }
}
