//! Readings that must and must not be repeated, on both databases.

use crate::{Session, Store, args, on_both_databases, testing};

async fn value(session: &mut Session) -> Option<String> {
    session.meta("value").await.unwrap()
}

async fn set(store: &Store, text: &str) {
    let mut session = store.write().await.unwrap();
    session.set_meta("value", text).await.unwrap();
    session.commit().await.unwrap();
}

async fn read(store: &Store) -> Option<String> {
    value(&mut store.read().await.unwrap()).await
}

on_both_databases! {
    async fn what_an_answered_write_replaced_is_never_read_again(store: Store) {
        for text in ["one", "two", "three"] {
            set(&store, text).await;
            for _ in 0..2 {
                assert_eq!(read(&store).await.as_deref(), Some(text));
            }
        }
    }

    async fn a_write_that_is_undone_changes_nothing(store: Store) {
        set(&store, "kept").await;
        let mut session = store.write().await.unwrap();
        session.set_meta("value", "undone").await.unwrap();
        // The session that writes sees its own writes, and nobody else does.
        assert_eq!(value(&mut session).await.as_deref(), Some("undone"));
        assert_eq!(read(&store).await.as_deref(), Some("kept"));
        session.rollback();
        assert_eq!(read(&store).await.as_deref(), Some("kept"));
    }

    async fn arguments_tell_answers_apart(store: Store) {
        let mut session = store.read().await.unwrap();
        for number in [1_i64, 2, 1] {
            let sql = "SELECT CAST($1 AS BIGINT) AS number FROM schema_steps LIMIT 1";
            let row = session.fetch_one(sql, args![number]).await.unwrap();
            assert_eq!(row.int("number").unwrap(), number);
        }
    }

    async fn readers_beside_a_writer_see_values_in_their_order(store: Store) {
        set(&store, "0").await;
        let writer = async {
            for number in 1..40 {
                set(&store, &number.to_string()).await;
            }
        };
        let reader = async {
            let mut last = 0;
            while last < 39 {
                let now = read(&store).await.unwrap().parse::<i64>().unwrap();
                assert!(now >= last, "{now} after {last}");
                last = now;
                tokio::task::yield_now().await;
            }
        };
        futures::join!(writer, reader);
    }
}

#[tokio::test]
async fn on_sqlite_nothing_is_read_twice_unless_its_tables_changed() {
    let directory = tempfile::tempdir().unwrap();
    let store = testing::sqlite(directory.path()).await;
    set(&store, "one").await;
    read(&store).await;
    let before = store.statements();
    read(&store).await;
    assert_eq!(store.statements(), before);

    let mut write = store.write().await.unwrap();
    let delete = "DELETE FROM secrets WHERE arn = $1";
    write.execute(delete, args!["none"]).await.unwrap();
    write.commit().await.unwrap();
    let before = store.statements();
    read(&store).await;
    assert_eq!(store.statements(), before, "only secrets changed");

    set(&store, "two").await;
    let before = store.statements();
    read(&store).await;
    assert_eq!(store.statements(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_what_another_server_wrote_is_seen_at_once() {
    let Some(database) = testing::Postgres::create().await else {
        return;
    };
    let (one, other) = (database.open().await, database.open().await);
    for text in ["one", "two", "three"] {
        set(&other, text).await;
        for _ in 0..2 {
            assert_eq!(read(&one).await.as_deref(), Some(text));
        }
    }
    other.close().await;
    database.drop_after(one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_an_unchanged_database_is_asked_once_a_session() {
    let Some(database) = testing::Postgres::create().await else {
        return;
    };
    let store = database.open().await;
    set(&store, "one").await;
    read(&store).await;
    // Other tests work in the same cluster and may end a transaction between two readings.
    let mut repeated = false;
    for _ in 0..50 {
        let before = store.statements();
        read(&store).await;
        repeated |= store.statements() == before + 1;
    }
    assert!(repeated);
    database.drop_after(store).await;
}
