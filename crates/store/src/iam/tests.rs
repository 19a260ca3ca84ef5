use types::{AccountId, Tag, Timestamp};

use super::*;
use crate::{Session, on_both_databases};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

async fn begin(store: &crate::Store) -> Session {
    let mut session = store.write().await.unwrap();
    let row = AccountRow {
        id: account(),
        generation: 7,
        created: NOW,
    };
    session.insert_account(&row).await.unwrap();
    session
}

fn entity(kind: EntityKind, name: &str, path: &str) -> EntityRow {
    EntityRow {
        kind,
        id: format!("{kind:?}-{}", name.to_ascii_uppercase()),
        account: account(),
        name: name.to_owned(),
        path: path.to_owned(),
        tags: match kind {
            EntityKind::Group => Vec::new(),
            _ => vec![tag("team", "red")],
        },
        boundary: None,
        created: NOW,
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn role(name: &str, path: &str) -> RoleRow {
    RoleRow {
        entity: entity(EntityKind::Role, name, path),
        trust_policy: "{}".to_owned(),
        description: None,
        max_session_duration: 3600,
    }
}

fn page<'a>(account: &'a AccountId, path_prefix: &'a str, after: &'a str) -> NamePage<'a> {
    NamePage {
        account,
        path_prefix,
        after,
        limit: 2,
    }
}

on_both_databases! {
    async fn names_that_differ_in_case_only_are_the_same(store: Store) {
        let mut session = begin(&store).await;
        assert!(session.insert_role(&role("Reader", "/")).await.unwrap());
        assert!(!session.insert_role(&role("READER", "/x/")).await.unwrap());
        let found = session.role_by_name(&account(), "rEADER").await.unwrap();
        assert_eq!(found, Some(role("Reader", "/")));
    }

    async fn roles_are_listed_by_name_under_a_path(store: Store) {
        let mut session = begin(&store).await;
        for (name, path) in [("c", "/x/"), ("a", "/x/"), ("b", "/y/"), ("d", "/x/y/")] {
            assert!(session.insert_role(&role(name, path)).await.unwrap());
        }
        let id = account();
        let names = |rows: Vec<RoleRow>| rows.into_iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(session.list_roles(page(&id, "/x/", "")).await.unwrap()), ["a", "c"]);
        assert_eq!(names(session.list_roles(page(&id, "/x/", "c")).await.unwrap()), ["d"]);
        assert_eq!(names(session.list_roles(page(&id, "/", "a")).await.unwrap()), ["b", "c"]);
        assert_eq!(names(session.list_roles(page(&id, "/x%", "")).await.unwrap()), Vec::<String>::new());
    }

    async fn a_key_comes_with_the_generation_of_its_account(store: Store) {
        let mut session = begin(&store).await;
        let key = AccessKeyRow {
            id: "AKIAEXAMPLE".to_owned(), account: account(), user_id: None, sealed_secret: vec![1, 2], active: true, created: NOW,
            };
        assert!(session.insert_access_key(&key).await.unwrap());
        session.set_account_generation(&account(), 8).await.unwrap();
        session.set_access_key_active("AKIAEXAMPLE", false).await.unwrap();
        let (found, generation) = session.access_key("AKIAEXAMPLE").await.unwrap().unwrap();
        assert!(!found.active && found.sealed_secret == [1, 2]);
        assert_eq!(generation, 8);
        assert_eq!(session.access_keys_of(&account(), None).await.unwrap().len(), 1);
        session.delete_access_key("AKIAEXAMPLE").await.unwrap();
        assert!(session.access_key("AKIAEXAMPLE").await.unwrap().is_none());
    }

    async fn users_keep_their_tags_and_boundary(store: Store) {
        let mut session = begin(&store).await;
        let limit = "arn:aws:iam::111122223333:policy/limit";
        let user = EntityRow { boundary: Some(limit.to_owned()), ..entity(EntityKind::User, "ann", "/") };
        assert!(session.insert_user(&user).await.unwrap());
        assert_eq!(session.user_by_id(&user.id).await.unwrap(), Some(user.clone()));
        let page = page(&user.account, "/", "");
        assert_eq!(session.list_entities(EntityKind::User, page).await.unwrap(), std::slice::from_ref(&user));
        assert_eq!(session.policy_usage(&account()).await.unwrap()[limit], Usage { attachments: 0, boundaries: 1 });
        assert_eq!(session.entities_with_boundary(EntityKind::User, &account(), limit).await.unwrap(), std::slice::from_ref(&user));
        session.set_entity_boundary(&user, None).await.unwrap();
        session.set_entity_tags(&user, &[tag("a", "b")]).await.unwrap();
        let changed = session.user_by_name(&account(), "ann").await.unwrap().unwrap();
        assert_eq!((changed.boundary, changed.tags), (None, vec![tag("a", "b")]));
        session.delete_entity(&user).await.unwrap();
        assert_eq!(session.user_by_name(&account(), "ann").await.unwrap(), None);
    }

    async fn a_renamed_entity_keeps_its_id(store: Store) {
        let mut session = begin(&store).await;
        let group = entity(EntityKind::Group, "Admins", "/");
        assert!(session.insert_group(&group).await.unwrap());
        session.rename_entity(&group, "ADMINS", "/x/").await.unwrap();
        let found = session.entity_by_name(EntityKind::Group, &account(), "admins").await.unwrap().unwrap();
        assert_eq!((found.id, found.name, found.path), (group.id, "ADMINS".to_owned(), "/x/".to_owned()));
        assert_eq!(session.count_entities(EntityKind::Group, &account()).await.unwrap(), 1);
        assert_eq!(session.count_entities(EntityKind::Role, &account()).await.unwrap(), 0);
    }

    async fn users_are_in_groups_and_leave_them(store: Store) {
        let mut session = begin(&store).await;
        let (group, ann, bob) =
            (entity(EntityKind::Group, "g", "/"), entity(EntityKind::User, "ann", "/"), entity(EntityKind::User, "Bob", "/"));
        assert!(session.insert_group(&group).await.unwrap());
        for user in [&bob, &ann] {
            assert!(session.insert_user(user).await.unwrap());
            session.add_group_member(&group.id, &user.id).await.unwrap();
            session.add_group_member(&group.id, &user.id).await.unwrap();
        }
        assert_eq!(session.group_members(&group.id).await.unwrap(), [ann.clone(), bob]);
        assert_eq!(session.groups_of(&ann.id).await.unwrap(), std::slice::from_ref(&group));
        assert!(session.remove_group_member(&group.id, &ann.id).await.unwrap());
        assert!(!session.remove_group_member(&group.id, &ann.id).await.unwrap());
        assert_eq!(session.groups_of(&ann.id).await.unwrap(), []);
    }

    async fn an_instance_profile_holds_a_role(store: Store) {
        let mut session = begin(&store).await;
        let (profile, reader) = (entity(EntityKind::InstanceProfile, "p", "/x/"), role("Reader", "/"));
        assert!(session.insert_instance_profile(&profile).await.unwrap());
        assert!(session.insert_role(&reader).await.unwrap());
        session.set_instance_profile_role(&profile.id, Some(&reader.id)).await.unwrap();
        let found = session.instance_profile_by_name(&account(), "P").await.unwrap();
        let expected = InstanceProfileRow { entity: profile.clone(), role_id: Some(reader.id.clone()) };
        assert_eq!(found, Some(expected.clone()));
        assert_eq!(session.instance_profiles_of(&reader).await.unwrap(), std::slice::from_ref(&expected));
        let listed = session.list_instance_profiles(page(&profile.account, "/x/", "")).await.unwrap();
        assert_eq!(listed, [expected]);
        session.set_instance_profile_role(&profile.id, None).await.unwrap();
        assert_eq!(session.instance_profiles_of(&reader).await.unwrap(), []);
    }

    async fn an_account_has_one_alias_that_no_other_has(store: Store) {
        let mut session = begin(&store).await;
        let other: AccountId = "444455556666".parse().unwrap();
        let row = AccountRow { id: other.clone(), generation: 1, created: NOW };
        session.insert_account(&row).await.unwrap();
        assert!(session.set_account_alias(&account(), "one").await.unwrap());
        assert!(session.set_account_alias(&account(), "two").await.unwrap());
        assert!(!session.set_account_alias(&other, "two").await.unwrap());
        assert!(session.set_account_alias(&other, "one").await.unwrap());
        assert_eq!(session.account_alias(&account()).await.unwrap().as_deref(), Some("two"));
        assert!(!session.delete_account_alias(&account(), "one").await.unwrap());
        assert!(session.delete_account_alias(&account(), "two").await.unwrap());
        assert_eq!(session.account_alias(&account()).await.unwrap(), None);
    }

    async fn the_last_use_is_the_latest(store: Store) {
        let mut session = begin(&store).await;
        let used = |at, region: &str| LastUse { at, service: "ssm".to_owned(), region: region.to_owned() };
        assert_eq!(session.last_use("AROA1").await.unwrap(), None);
        session.record_use("AROA1", &used(NOW.plus_secs(60), "eu-west-1")).await.unwrap();
        session.record_use("AROA1", &used(NOW, "us-east-1")).await.unwrap();
        assert_eq!(session.last_use("AROA1").await.unwrap(), Some(used(NOW.plus_secs(60), "eu-west-1")));
        session.record_use("AROA1", &used(NOW.plus_secs(90), "us-east-1")).await.unwrap();
        assert_eq!(session.last_use("AROA1").await.unwrap(), Some(used(NOW.plus_secs(90), "us-east-1")));
        session.forget_uses("AROA1").await.unwrap();
        assert_eq!(session.last_use("AROA1").await.unwrap(), None);
    }

    async fn attached_policies_come_with_the_document_in_force(store: Store) {
        let mut session = begin(&store).await;
        let arn = "arn:aws:iam::111122223333:policy/read";
        let policy = ManagedPolicyRow {
            id: "ANPA1".to_owned(), arn: arn.to_owned(), account: account(), name: "read".to_owned(), path: "/".to_owned(),
            description: None, tags: vec![], default_version: 1, last_version: 1, created: NOW,
            updated: NOW,
        };
        assert!(session.insert_managed_policy(&policy, "{1}").await.unwrap());
        let again = ManagedPolicyRow { id: "ANPA2".to_owned(), ..policy.clone() };
        assert!(!session.insert_managed_policy(&again, "{2}").await.unwrap());
        session.attach_policy(&account(), "AROA1", arn).await.unwrap();
        session.attach_policy(&account(), "AROA1", arn).await.unwrap();
        session.attach_policy(&account(), "AROA1", "arn:aws:iam::aws:policy/AdministratorAccess").await.unwrap();
        let attached = session.attached_policies("AROA1").await.unwrap();
        let documents: Vec<_> = attached.iter().map(|one| one.document.as_deref()).collect();
        assert_eq!(documents, [Some("{1}"), None]);
        assert_eq!(session.policy_usage(&account()).await.unwrap()[arn], Usage { attachments: 1, boundaries: 0 });
        assert!(session.detach_policy("AROA1", arn).await.unwrap());
        assert!(!session.detach_policy("AROA1", arn).await.unwrap());
        let second = PolicyVersionRow { version: 2, document: "{2}".to_owned(), created: NOW.plus_secs(1) };
        session.insert_policy_version("ANPA1", &second).await.unwrap();
        session.set_default_policy_version("ANPA1", 2, NOW.plus_secs(2)).await.unwrap();
        let found = session.managed_policy(arn).await.unwrap().unwrap();
        assert_eq!((found.default_version, found.last_version, found.updated), (2, 2, NOW.plus_secs(2)));
        let versions = session.policy_versions("ANPA1").await.unwrap();
        assert_eq!(versions.iter().map(|one| one.version).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(session.count_policy_versions(&account()).await.unwrap(), 2);
        session.delete_policy_version("ANPA1", 1).await.unwrap();
        assert_eq!(session.policy_version("ANPA1", 1).await.unwrap(), None);
        session.delete_managed_policy("ANPA1").await.unwrap();
        assert_eq!(session.policy_version("ANPA1", 1).await.unwrap(), None);
    }

    async fn inline_policies_are_replaced_by_name(store: Store) {
        let mut session = begin(&store).await;
        session.put_inline_policy("AROA1", "b", "{1}").await.unwrap();
        session.put_inline_policy("AROA1", "a", "{2}").await.unwrap();
        session.put_inline_policy("AROA1", "b", "{3}").await.unwrap();
        let documents = session.inline_policies("AROA1").await.unwrap();
        let documents: Vec<_> = documents.iter().map(|one| one.document.as_str()).collect();
        assert_eq!(documents, ["{2}", "{3}"]);
        assert!(session.delete_inline_policy("AROA1", "a").await.unwrap());
        assert!(!session.delete_inline_policy("AROA1", "a").await.unwrap());
    }
}
