//! The operator's channel, to a running server and to a store without one.

use server::{
    Config, HostAccess,
    operator::{Channel, CreateAccount, EndAccessKeys, ListAccounts, NewAccessKey},
};
use types::AccountId;

fn config(dir: &std::path::Path) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        allow_plain_http_beyond_loopback: false,
        data_dir: dir.join("data"),
        database_url: None,
        root_key_file: dir.join("config/root.key"),
        root_key_kms: None,
        credentials_file: dir.join("config/credentials"),
        root_access_key: None,
        first_account: testkit::ACCOUNT.parse().unwrap(),
        region: testkit::REGION.parse().unwrap(),
        local_agent: false,
        local_cluster: None,
        denials_name_policies: false,
        host: HostAccess::default(),
        rotators_file: None,
        log_storage: 1 << 30,
        healthy_after_secs: 40,
        oci_registry: None,
        secrets_from: server::SecretsFrom::Here,
    }
}

fn other() -> AccountId {
    "210987654321".parse().unwrap()
}

#[tokio::test]
async fn commands_do_the_same_whether_a_server_runs_or_not() {
    let dir = tempfile::tempdir().unwrap();
    // Longer than the path of a socket may be.
    let dir = dir.path().join("d".repeat(120));
    let config = config(&dir);
    for running in [true, false] {
        let server = if running {
            Some(server::Server::start(self::config(&dir)).await.unwrap())
        } else {
            None
        };
        let channel = Channel::open(&config).await.unwrap();
        assert_eq!(channel.is_running(), running);
        let account_id: AccountId = if running {
            other()
        } else {
            "333333333333".parse().unwrap()
        };
        let made = channel
            .ask(CreateAccount {
                account_id: account_id.clone(),
            })
            .await
            .unwrap();
        assert!(made.key.access_key_id.starts_with("AKIA"));
        assert_eq!(made.key.secret_access_key.len(), 40);
        let again = channel
            .ask(CreateAccount {
                account_id: account_id.clone(),
            })
            .await;
        let text = again.err().unwrap().to_string();
        assert!(text.contains("is there already"), "{text}");

        let accounts = channel.ask(ListAccounts {}).await.unwrap();
        let listed = accounts
            .iter()
            .find(|a| a.account_id == account_id)
            .unwrap();
        assert_eq!(listed.root_access_key_ids, [made.key.access_key_id]);
        channel.close().await;
        if let Some(server) = server {
            server.stop().await;
        }
    }
    let audit = std::fs::read_to_string(dir.join("data/audit.log")).unwrap();
    assert_eq!(
        audit
            .matches(r#""event":"operator:CreateAccount","caller":"operator""#)
            .count(),
        4
    );
    assert_eq!(audit.matches(r#""outcome":"Refused""#).count(), 2);
}

#[tokio::test]
async fn what_was_ended_does_not_come_back_with_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    server::Server::start(self::config(dir.path()))
        .await
        .unwrap()
        .stop()
        .await;
    let channel = Channel::open(&config).await.unwrap();
    let account_id = config.first_account.clone();
    let first = channel.ask(ListAccounts {}).await.unwrap()[0]
        .root_access_key_ids
        .clone();
    let holder = || NewAccessKey {
        account_id: account_id.clone(),
        user_name: None,
    };
    let new = channel.ask(holder()).await.unwrap().key.access_key_id;
    let end = || EndAccessKeys {
        account_id: account_id.clone(),
        user_name: None,
        keep_newest: 1,
    };
    assert_eq!(channel.ask(end()).await.unwrap(), first);
    assert!(channel.ask(end()).await.unwrap().is_empty());
    channel.close().await;

    // The file still has the old one.
    server::Server::start(self::config(dir.path()))
        .await
        .unwrap()
        .stop()
        .await;
    let channel = Channel::open(&config).await.unwrap();
    let left = channel.ask(ListAccounts {}).await.unwrap()[0]
        .root_access_key_ids
        .clone();
    assert_eq!(left, [new]);
    let nobody = NewAccessKey {
        account_id: other(),
        user_name: None,
    };
    let text = channel.ask(nobody).await.err().unwrap().to_string();
    assert!(text.contains("there is no account 210987654321"), "{text}");
    let nobody = NewAccessKey {
        account_id,
        user_name: Some("bob".to_owned()),
    };
    let text = channel.ask(nobody).await.err().unwrap().to_string();
    assert!(text.contains("has no user `bob`"), "{text}");
    channel.close().await;
}
