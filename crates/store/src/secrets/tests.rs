use types::{Tag, Timestamp};

use super::*;

fn secret(name: &str, created: i64) -> Secret {
    Secret {
        arn: format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{name}-AbCdEf"),
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        name: name.to_owned(),
        description: None,
        kms_key_id: None,
        tags: Some(vec![Tag {
            key: "k".to_owned(),
            value: "v".to_owned(),
        }]),
        policy: None,
        created: Timestamp::from_millis(created),
        changed: Timestamp::from_millis(created),
        accessed: None,
        deletion: None,
        primary_region: None,
    }
}

fn sealed(marker: &[u8]) -> SealedValue {
    SealedValue {
        kind: ValueKind::String,
        sealed: marker.repeat(300),
        data_key: b"data key".to_vec(),
        key_arn: "key".to_owned(),
    }
}

fn page(secret: &Secret, order: SecretOrder) -> SecretPage<'_> {
    SecretPage {
        account: &secret.account,
        region: &secret.region,
        order,
        descending: false,
        with_deleted: false,
        name_prefix: None,
        by_name: false,
        after: None,
        limit: 10,
    }
}

async fn names(db: &mut Session, page: &SecretPage<'_>) -> Vec<String> {
    let found = db.list_secrets(page).await.unwrap();
    found.into_iter().map(|secret| secret.name).collect()
}

crate::on_both_databases! {
    async fn names_with_one_beginning_are_listed_either_way_in_every_order(store: Store) {
        let mut db = store.write().await.unwrap();
        for (name, created) in [("b/2", 1), ("a", 2), ("b/1", 3), ("B/3", 4), ("b0", 5)] {
            assert!(db.insert_secret(&secret(name, created)).await.unwrap());
        }
        let some = secret("", 0);
        for by_name in [false, true] {
            for (order, expected) in [
                (SecretOrder::Created, ["b/2", "b/1"]),
                (SecretOrder::Changed, ["b/2", "b/1"]),
                (SecretOrder::Accessed, ["b/1", "b/2"]),
                (SecretOrder::Name, ["b/1", "b/2"]),
            ] {
                let mut asked = SecretPage { name_prefix: Some("b/"), by_name, ..page(&some, order) };
                assert_eq!(names(&mut db, &asked).await, expected, "{order:?} {by_name}");
                asked.limit = 1;
                let first = db.list_secrets(&asked).await.unwrap().remove(0);
                asked.after = Some(first.cursor(order));
                assert_eq!(names(&mut db, &asked).await, expected[1..], "{order:?} {by_name}");
            }
        }
        for (prefix, most, expected) in [("b", 9, 3), ("b", 2, 2), ("x", 9, 0)] {
            let found = db.count_secrets_by_prefix(&some.account, &some.region, prefix, most);
            assert_eq!(found.await.unwrap(), expected, "{prefix}");
        }
    }

    async fn replicas_are_noted_under_their_primary_and_go_with_it(store: Store) {
        let mut db = store.write().await.unwrap();
        let primary = secret("a", 1);
        db.insert_secret(&primary).await.unwrap();
        let mut replica = Replica {
            region: "eu-north-1".parse().unwrap(),
            kms_key_id: None,
            status: "Failed".to_owned(),
            message: "why".to_owned(),
        };
        db.save_secret_replica(&primary.arn, &replica).await.unwrap();
        replica.status = "InSync".to_owned();
        db.save_secret_replica(&primary.arn, &replica).await.unwrap();
        assert_eq!(db.secret_replicas(&primary.arn).await.unwrap(), [replica.clone()]);
        db.forget_secret_replica(&primary.arn, &replica.region).await.unwrap();
        assert!(db.secret_replicas(&primary.arn).await.unwrap().is_empty());
        db.save_secret_replica(&primary.arn, &replica).await.unwrap();
        db.delete_secret(&primary.arn).await.unwrap();
        assert!(db.secret_replicas(&primary.arn).await.unwrap().is_empty());
    }

    async fn a_deleted_secret_leaves_no_version(store: Store) {
        let mut db = store.write().await.unwrap();
        let gone = secret("a", 1);
        db.insert_secret(&gone).await.unwrap();
        db.put_secret_value(&gone.arn, "v1", &sealed(b"marker"), gone.created).await.unwrap();
        db.attach_label(&gone.arn, "AWSCURRENT", "v1").await.unwrap();
        db.delete_secret(&gone.arn).await.unwrap();
        db.commit().await.unwrap();
        store.wipe_deleted().await.unwrap();
        let mut db = store.read().await.unwrap();
        assert_eq!(db.secret_value(&gone.arn, "v1").await.unwrap(), None);
        assert!(db.labels_of_secrets(vec![gone.arn]).await.unwrap().is_empty());
    }
}

/// Which files of a directory hold these bytes.
fn holders(directory: &std::path::Path, marker: &[u8]) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(marker.len()).any(|window| window == marker)
        })
        .collect()
}

#[tokio::test]
async fn what_was_deleted_is_in_no_file_once_it_was_wiped() {
    const GONE: &[u8] = b"sealed-value-of-the-deleted-one";
    const KEPT: &[u8] = b"sealed-value-of-the-other-one..";
    let directory = tempfile::tempdir().unwrap();
    let store = crate::testing::sqlite(directory.path()).await;
    let (gone, kept) = (secret("gone", 1), secret("kept", 2));
    let mut db = store.write().await.unwrap();
    for (secret, marker) in [(&gone, GONE), (&kept, KEPT)] {
        db.insert_secret(secret).await.unwrap();
        db.put_secret_value(&secret.arn, "v1", &sealed(marker), secret.created)
            .await
            .unwrap();
    }
    db.commit().await.unwrap();
    assert!(!holders(directory.path(), GONE).is_empty());

    let mut db = store.write().await.unwrap();
    db.delete_secret(&gone.arn).await.unwrap();
    db.commit().await.unwrap();
    store.wipe_deleted().await.unwrap();
    assert_eq!(
        holders(directory.path(), GONE),
        Vec::<std::path::PathBuf>::new()
    );
    assert!(!holders(directory.path(), KEPT).is_empty());
    // And the store goes on.
    let mut db = store.write().await.unwrap();
    db.delete_secret(&kept.arn).await.unwrap();
    db.commit().await.unwrap();
}
