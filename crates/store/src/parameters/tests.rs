//! Parameters on both databases.

use super::*;
use crate::{Store, on_both_databases};

fn key<'a>(account: &'a AccountId, region: &'a Region, path: &'a str) -> ParameterKey<'a> {
    ParameterKey {
        account,
        region,
        path,
    }
}

fn parameter(name: &str, version: i64) -> Parameter {
    let path = format!("/{}", name.trim_start_matches('/'));
    Parameter {
        name: name.to_owned(),
        path,
        version,
        latest_version: version,
        type_: "String".to_owned(),
        tier: "Standard".to_owned(),
        data_type: "text".to_owned(),
        description: None,
        allowed_pattern: None,
        policies: None,
        key_id: None,
        sealed: vec![7, u8::try_from(version).unwrap()],
        modified: Timestamp::from_secs(1),
        modified_by: "arn".to_owned(),
        tags: Some(vec![Tag {
            key: "k".into(),
            value: "v".into(),
        }]),
    }
}

fn place() -> (AccountId, Region) {
    (
        "123456789012".parse().unwrap(),
        "eu-west-1".parse().unwrap(),
    )
}

async fn filled(store: &Store, names: &[&str]) {
    let (account, region) = place();
    let mut db = store.write().await.unwrap();
    for name in names {
        let made = db
            .put_parameter(&account, &region, &parameter(name, 1), None)
            .await
            .unwrap();
        assert!(made);
    }
    db.commit().await.unwrap();
}

async fn listed(store: &Store, scope: ParameterScope<'_>, after: Option<&str>) -> Vec<String> {
    let (account, region) = place();
    let mut db = store.read().await.unwrap();
    let page = ParameterPage {
        account: &account,
        region: &region,
        scope,
        after,
        labels: &[],
        limit: 10,
    };
    let parameters = db.list_parameters(page).await.unwrap();
    parameters.into_iter().map(|p| p.path).collect()
}

on_both_databases! {
    async fn each_version_is_read_back_and_the_latest_is_the_default(store: Store) {
        let (account, region) = place();
        filled(&store, &["a"]).await;
        let mut db = store.write().await.unwrap();
        db.put_parameter(&account, &region, &parameter("a", 2), None).await.unwrap();
        db.commit().await.unwrap();

        let mut db = store.read().await.unwrap();
        let latest = db.parameter(key(&account, &region, "/a")).await.unwrap().unwrap();
        assert_eq!(latest, parameter("a", 2));
        let first = db.parameter_version(key(&account, &region, "/a"), 1).await.unwrap().unwrap();
        assert_eq!((first.version, first.latest_version, first.sealed), (1, 2, vec![7, 1]));
        assert_eq!(db.parameter_version(key(&account, &region, "/a"), 3).await.unwrap(), None);
        assert_eq!(db.oldest_parameter_version(key(&account, &region, "/a")).await.unwrap(), (2, 1, false));
    }

    async fn a_path_holds_what_is_below_it_in_order(store: Store) {
        filled(&store, &["/a/b/c", "/a/b", "/a/B", "/ab", "/a/b-c", "a", "/a/c"]).await;
        assert_eq!(listed(&store, ParameterScope::Under("/a/"), None).await, ["/a/B", "/a/b", "/a/b-c", "/a/b/c", "/a/c"]);
        assert_eq!(listed(&store, ParameterScope::ChildrenOf("/a"), Some("/a/B")).await, ["/a/b", "/a/b-c", "/a/c"]);
        assert_eq!(listed(&store, ParameterScope::ChildrenOf(""), None).await, ["/a", "/ab"]);
        assert_eq!(listed(&store, ParameterScope::Under("/"), Some("/a/b-c")).await, ["/a/b/c", "/a/c", "/ab"]);
    }

    async fn a_deleted_parameter_takes_its_versions_along(store: Store) {
        let (account, region) = place();
        filled(&store, &["a"]).await;
        let mut db = store.write().await.unwrap();
        assert!(db.delete_parameter(key(&account, &region, "/a")).await.unwrap());
        assert!(!db.delete_parameter(key(&account, &region, "/a")).await.unwrap());
        db.commit().await.unwrap();
        filled(&store, &["/a"]).await;
        let mut db = store.read().await.unwrap();
        let again = db.parameter(key(&account, &region, "/a")).await.unwrap().unwrap();
        assert_eq!((again.version, again.name.as_str()), (1, "/a"));
    }

    async fn one_statement_finds_each_parameter_in_the_version_that_is_wanted(store: Store) {
        let (account, region) = place();
        filled(&store, &["a", "b", "c"]).await;
        let mut db = store.write().await.unwrap();
        for version in [2, 3] {
            db.put_parameter(&account, &region, &parameter("a", version), None).await.unwrap();
        }
        db.set_parameter_label(key(&account, &region, "/a"), "prod", 1).await.unwrap();
        db.set_parameter_label(key(&account, &region, "/a"), "prod", 2).await.unwrap();
        db.commit().await.unwrap();

        let wanted = WantedParameters {
            paths: vec!["/a".into(), "/b".into(), "/none".into()],
            versions: vec![1],
            labels: vec!["prod".into(), "none".into()],
        };
        let mut db = store.read().await.unwrap();
        let found = db.find_parameters(&account, &region, wanted).await.unwrap();
        let mut found: Vec<_> = found
            .into_iter()
            .map(|one| (one.parameter.path, one.parameter.version, one.label))
            .collect();
        found.sort();
        let expected = [("/a", 1, None), ("/a", 2, Some("prod")), ("/a", 3, None), ("/b", 1, None)];
        let expected: Vec<_> = expected
            .map(|(path, version, label)| (path.to_owned(), version, label.map(str::to_owned)))
            .into();
        assert_eq!(found, expected);

        let versions = db.parameter_history(key(&account, &region, "/a"), 1, 9).await.unwrap();
        assert_eq!(versions.iter().map(|one| one.version).collect::<Vec<_>>(), [2, 3]);
        let labels = db.parameter_labels(key(&account, &region, "/a")).await.unwrap();
        assert_eq!(labels, [("prod".to_owned(), 2)]);
    }

    async fn notifications_wait_for_their_time_and_go_with_their_parameter(store: Store) {
        let (account, region) = place();
        filled(&store, &["a"]).await;
        let at = key(&account, &region, "/a");
        let notification = |kind: &str, due| Notification {
            policy: format!("{{{kind}}}"),
            kind: kind.to_owned(),
            due: Timestamp::from_secs(due),
        };
        let mut db = store.write().await.unwrap();
        assert_eq!(db.next_policy_moment().await.unwrap(), None);
        let both = [notification("ExpirationNotification", 5), notification("NoChangeNotification", 9)];
        db.replace_notifications(at, None, &both).await.unwrap();
        let later = [notification("NoChangeNotification", 20)];
        db.replace_notifications(at, Some("NoChangeNotification"), &later).await.unwrap();
        assert_eq!(db.next_policy_moment().await.unwrap(), Some(Timestamp::from_secs(5)));
        assert_eq!(db.due_notifications(Timestamp::from_secs(4), 9).await.unwrap(), []);
        let due = db.due_notifications(Timestamp::from_secs(10), 9).await.unwrap();
        assert_eq!(due.iter().map(|one| &one.notification).collect::<Vec<_>>(), [&both[0]]);
        for one in &due {
            db.delete_notification(one).await.unwrap();
        }
        assert_eq!(db.next_policy_moment().await.unwrap(), Some(Timestamp::from_secs(20)));
        db.delete_parameter(at).await.unwrap();
        assert_eq!(db.next_policy_moment().await.unwrap(), None);
        db.commit().await.unwrap();
    }

    async fn a_setting_is_kept_until_it_is_reset(store: Store) {
        let (account, region) = place();
        let mut db = store.write().await.unwrap();
        for value in ["one", "two"] {
            let setting = Setting {
                value: value.to_owned(),
                modified: Timestamp::from_secs(1),
                modified_by: "arn".to_owned(),
            };
            db.set_ssm_setting(&account, &region, "/s", &setting).await.unwrap();
            assert_eq!(db.ssm_setting(&account, &region, "/s").await.unwrap(), Some(setting));
        }
        db.reset_ssm_setting(&account, &region, "/s").await.unwrap();
        assert_eq!(db.ssm_setting(&account, &region, "/s").await.unwrap(), None);
        db.commit().await.unwrap();
    }
}
