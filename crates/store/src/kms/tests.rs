use types::{Tag, Timestamp};

use super::*;
use crate::on_both_databases;

fn address(account: &str, key_id: &str) -> KeyAddress {
    KeyAddress {
        account: account.parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        key_id: key_id.to_owned(),
    }
}

fn key(address: &KeyAddress) -> KeyRow {
    KeyRow {
        address: address.clone(),
        description: "the app's".to_owned(),
        key_usage: "ENCRYPT_DECRYPT".to_owned(),
        key_spec: "SYMMETRIC_DEFAULT".to_owned(),
        key_state: "Enabled".to_owned(),
        key_manager: "CUSTOMER".to_owned(),
        origin: "AWS_KMS".to_owned(),
        multi_region: false,
        policy: "{}".to_owned(),
        tags: vec![Tag {
            key: "team".to_owned(),
            value: "blue".to_owned(),
        }],
        current_material: format!("{}-{}", address.account, address.key_id),
        created: Timestamp::from_millis(1),
        deletion_date: None,
        rotation: None,
        aliases: Vec::new(),
        has_grants: false,
    }
}

fn material(address: &KeyAddress) -> NewMaterial {
    NewMaterial {
        id: key(address).current_material,
        sealed: vec![1, 2, 3],
        rotation_type: None,
        created: Timestamp::from_millis(1),
    }
}

/// A key with its first material, for tests of others.
pub(crate) fn sample(id: &str) -> (KeyRow, NewMaterial) {
    let at = address("111122223333", id);
    (key(&at), material(&at))
}

fn alias(target: &KeyAddress, name: &str) -> AliasRow {
    AliasRow {
        target: target.clone(),
        name: name.to_owned(),
        created: Timestamp::from_millis(2),
        updated: Timestamp::from_millis(3),
    }
}

fn grant(key: &KeyAddress, id: &str) -> GrantRow {
    GrantRow {
        key: key.clone(),
        grant_id: id.to_owned(),
        name: Some("mine".to_owned()),
        grantee: "AIDA1".to_owned(),
        retiring: Some("AIDA9".to_owned()),
        issuer: key.account.clone(),
        operations: "[\"Decrypt\"]".to_owned(),
        context_equals: None,
        context_subset: Some("{}".to_owned()),
        created: Timestamp::from_millis(4),
    }
}

on_both_databases! {
    async fn a_key_is_read_back_with_its_aliases(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = address("111122223333", "k1");
        db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
        assert_eq!(db.kms_key(&at).await.unwrap(), Some(key(&at)));

        assert!(db.insert_kms_alias(&alias(&at, "alias/b")).await.unwrap());
        assert!(db.insert_kms_alias(&alias(&at, "alias/a")).await.unwrap());
        let found = db.kms_key(&at).await.unwrap().unwrap();
        assert_eq!(found.aliases, ["alias/a", "alias/b"]);
        let by_alias = db.kms_key_by_alias(&at.account, &at.region, "alias/b").await.unwrap();
        assert_eq!(by_alias, Some(found));
        db.commit().await.unwrap();
    }

    async fn an_alias_name_is_taken_once_in_an_account(store: Store) {
        let mut db = store.write().await.unwrap();
        let (ours, theirs) = (address("111122223333", "k1"), address("444455556666", "k1"));
        assert!(db.insert_kms_alias(&alias(&ours, "alias/a")).await.unwrap());
        assert!(!db.insert_kms_alias(&alias(&ours, "alias/a")).await.unwrap());
        assert!(db.insert_kms_alias(&alias(&theirs, "alias/a")).await.unwrap());
    }

    async fn accounts_do_not_see_each_others_keys(store: Store) {
        let mut db = store.write().await.unwrap();
        let (ours, theirs) = (address("111122223333", "k1"), address("444455556666", "k1"));
        db.insert_kms_key(&key(&ours), &material(&ours)).await.unwrap();
        assert_eq!(db.kms_key(&theirs).await.unwrap(), None);
        let ids = db.kms_key_ids(&theirs.account, &theirs.region, "", 10).await.unwrap();
        assert!(ids.is_empty());
        let id = key(&ours).current_material;
        assert_eq!(db.kms_material(&ours, &id).await.unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(db.kms_material(&theirs, &id).await.unwrap(), None);
    }

    async fn lists_go_on_after_the_last_one_seen(store: Store) {
        let mut db = store.write().await.unwrap();
        for id in ["c", "a", "b"] {
            let at = address("111122223333", id);
            db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
            db.insert_kms_alias(&alias(&at, &format!("alias/{id}"))).await.unwrap();
        }
        let at = address("111122223333", "c");
        let (account, region) = (&at.account, &at.region);
        assert_eq!(db.kms_key_ids(account, region, "", 2).await.unwrap(), ["a", "b"]);
        assert_eq!(db.kms_key_ids(account, region, "b", 2).await.unwrap(), ["c"]);
        let all = db.kms_aliases(account, region, None, "alias/a", 10).await.unwrap();
        assert_eq!(all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["alias/b", "alias/c"]);
        let of_one = db.kms_aliases(account, region, Some("c"), "", 10).await.unwrap();
        assert_eq!(of_one, [alias(&at, "alias/c")]);
    }

    async fn what_changed_about_a_key_is_read_back(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = address("111122223333", "k1");
        db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
        db.lock_kms_key(&at).await.unwrap();
        let mut changed = db.kms_key(&at).await.unwrap().unwrap();
        changed.description = "another".to_owned();
        changed.key_state = "PendingDeletion".to_owned();
        changed.tags.clear();
        changed.deletion_date = Some(Timestamp::from_millis(9));
        changed.rotation = Some(Rotation { period_days: 90, next: Timestamp::from_millis(7) });
        db.save_kms_key(&changed).await.unwrap();
        assert_eq!(db.kms_key(&at).await.unwrap(), Some(changed));
    }

    async fn keys_come_up_for_rotation_and_deletion_when_their_time_has_come(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = |id: &str| address("111122223333", id);
        for (id, state) in [("on", "Enabled"), ("off", "Disabled"), ("going", "PendingDeletion")] {
            let mut row = key(&at(id));
            row.key_state = state.to_owned();
            row.rotation = Some(Rotation { period_days: 90, next: Timestamp::from_millis(50) });
            row.deletion_date = (id == "going").then_some(Timestamp::from_millis(60));
            db.insert_kms_key(&row, &material(&at(id))).await.unwrap();
        }
        let time = Timestamp::from_millis;
        assert!(db.kms_keys_to_rotate(time(49), 9).await.unwrap().is_empty());
        assert_eq!(db.kms_keys_to_rotate(time(50), 9).await.unwrap(), [at("on")]);
        assert!(db.kms_keys_to_delete(time(59), 9).await.unwrap().is_empty());
        assert_eq!(db.kms_keys_to_delete(time(60), 9).await.unwrap(), [at("going")]);
    }

    async fn a_deleted_key_takes_its_material_grants_and_aliases_along(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = address("111122223333", "k1");
        db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
        db.insert_kms_alias(&alias(&at, "alias/a")).await.unwrap();
        db.insert_kms_grant(&grant(&at, "g1")).await.unwrap();
        db.delete_kms_key(&at).await.unwrap();
        assert_eq!(db.kms_key(&at).await.unwrap(), None);
        assert_eq!(db.kms_material(&at, &key(&at).current_material).await.unwrap(), None);
        assert_eq!(db.kms_grant(&at, "g1").await.unwrap(), None);
        assert!(db.insert_kms_alias(&alias(&at, "alias/a")).await.unwrap(), "the name is free again");
    }

    async fn material_comes_oldest_first(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = address("111122223333", "k1");
        db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
        for (id, created) in [("z", 2), ("a", 3)] {
            let rotated = NewMaterial {
                id: id.to_owned(),
                sealed: vec![4],
                rotation_type: Some("ON_DEMAND".to_owned()),
                created: Timestamp::from_millis(created),
            };
            db.insert_kms_material(&at, &rotated).await.unwrap();
        }
        let all = db.kms_materials(&at).await.unwrap();
        let ids: Vec<_> = all.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, [key(&at).current_material.as_str(), "z", "a"]);
    }

    async fn an_alias_can_be_pointed_elsewhere_and_removed(store: Store) {
        let mut db = store.write().await.unwrap();
        let (one, two) = (address("111122223333", "k1"), address("111122223333", "k2"));
        db.insert_kms_alias(&alias(&one, "alias/a")).await.unwrap();
        db.point_kms_alias("alias/a", &two, Timestamp::from_millis(8)).await.unwrap();
        let found = db.kms_aliases(&one.account, &one.region, None, "", 9).await.unwrap();
        let expected = AliasRow { updated: Timestamp::from_millis(8), ..alias(&two, "alias/a") };
        assert_eq!(found, [expected]);
        db.delete_kms_alias(&one.account, &one.region, "alias/a").await.unwrap();
        assert!(db.kms_aliases(&one.account, &one.region, None, "", 9).await.unwrap().is_empty());
    }

    async fn grants_are_found_by_id_name_grantee_and_who_may_retire_them(store: Store) {
        let mut db = store.write().await.unwrap();
        let at = address("111122223333", "k1");
        db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
        let (one, mut two) = (grant(&at, "g1"), grant(&at, "g2"));
        two.grantee = "AROA2".to_owned();
        two.name = None;
        two.retiring = None;
        db.insert_kms_grant(&one).await.unwrap();
        db.insert_kms_grant(&two).await.unwrap();
        assert!(db.kms_key(&at).await.unwrap().unwrap().has_grants);
        assert_eq!(db.kms_grant(&at, "g1").await.unwrap(), Some(one.clone()));
        assert_eq!(db.kms_grants_named(&at, "mine").await.unwrap(), vec![one.clone()]);
        assert_eq!(db.kms_grants_for(&at, ["AROA2", "x", "y"]).await.unwrap(), [two.clone()]);
        assert_eq!(db.kms_grants(&at, None, Some("AIDA1"), "", 9).await.unwrap(), vec![one.clone()]);
        assert_eq!(db.kms_grants(&at, None, None, "g1", 9).await.unwrap(), [two]);
        assert_eq!(db.kms_grants_retired_by("AIDA9", &at.region, "", 9).await.unwrap(), [one]);
        assert_eq!(db.count_kms_grants(&at).await.unwrap(), 2);
        assert!(db.delete_kms_grant(&at, "g1").await.unwrap());
        assert!(!db.delete_kms_grant(&at, "g1").await.unwrap());
    }
}
