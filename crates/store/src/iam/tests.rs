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

fn role(name: &str, path: &str) -> RoleRow {
    RoleRow {
        id: format!("AROA{}", name.to_ascii_uppercase()),
        account: account(),
        name: name.to_owned(),
        path: path.to_owned(),
        trust_policy: "{}".to_owned(),
        description: None,
        max_session_duration: 3600,
        tags: vec![Tag {
            key: "team".to_owned(),
            value: "red".to_owned(),
        }],
        boundary: None,
        created: NOW,
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
        assert!(!session.insert_role(&RoleRow { id: "AROA2".to_owned(), ..role("READER", "/x/") }).await.unwrap());
        let found = session.role_by_name(&account(), "rEADER").await.unwrap();
        assert_eq!(found, Some(role("Reader", "/")));
    }

    async fn roles_are_listed_by_name_under_a_path(store: Store) {
        let mut session = begin(&store).await;
        for (name, path) in [("c", "/x/"), ("a", "/x/"), ("b", "/y/"), ("d", "/x/y/")] {
            assert!(session.insert_role(&role(name, path)).await.unwrap());
        }
        let id = account();
        let names = |rows: Vec<RoleRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
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
        let user = UserRow {
            id: "AIDA1".to_owned(), account: account(), name: "ann".to_owned(), path: "/".to_owned(), tags: vec![],
            boundary: Some("arn:aws:iam::111122223333:policy/limit".to_owned()), created: NOW,
        };
        assert!(session.insert_user(&user).await.unwrap());
        assert_eq!(session.user_by_id("AIDA1").await.unwrap(), Some(user.clone()));
        assert_eq!(session.list_users(page(&account(), "/", "")).await.unwrap(), [user]);
        let limit = "arn:aws:iam::111122223333:policy/limit";
        assert_eq!(session.count_boundaries(&account(), limit).await.unwrap(), 1);
        session.delete_user("AIDA1").await.unwrap();
        assert_eq!(session.user_by_name(&account(), "ann").await.unwrap(), None);
    }

    async fn attached_policies_come_with_the_document_in_force(store: Store) {
        let mut session = begin(&store).await;
        let arn = "arn:aws:iam::111122223333:policy/read";
        let policy = ManagedPolicyRow {
            id: "ANPA1".to_owned(), arn: arn.to_owned(), account: account(), name: "read".to_owned(), path: "/".to_owned(),
            description: None, tags: vec![], default_version: 1, created: NOW, updated: NOW,
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
        assert_eq!(session.count_attachments(&account(), arn).await.unwrap(), 1);
        assert!(session.detach_policy("AROA1", arn).await.unwrap());
        assert!(!session.detach_policy("AROA1", arn).await.unwrap());
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
