//! What writers that share a flush may rely on, whatever their neighbours do.

use std::time::Duration;

use types::Fault;

use crate::{Store, args, on_both_databases};

async fn put(store: &Store, key: &str) -> Result<(), Fault> {
    let mut session = store.write().await?;
    session.set_meta(key, "kept").await?;
    session.commit().await
}

async fn has(store: &Store, key: &str) -> bool {
    let mut session = store.read().await.unwrap();
    session.meta(key).await.unwrap().is_some()
}

/// Starts as many writers at once, each for a key of its own.
fn start_writers(store: &Store, count: usize) -> Vec<tokio::task::JoinHandle<()>> {
    let start = |n: usize| {
        let store = store.clone();
        tokio::spawn(async move { put(&store, &format!("writer {n}")).await.unwrap() })
    };
    (0..count).map(start).collect()
}

on_both_databases! {
    async fn writes_in_flight_together_share_a_flush(store: Store) {
        let before = store.counters();
        // The turn is held while the others queue up behind it.
        let first = store.write().await.unwrap();
        let writers = start_writers(&store, 32);
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.commit().await.unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        for n in 0..32 {
            assert!(has(&store, &format!("writer {n}")).await);
        }
        let after = store.counters();
        assert_eq!(after.writes - before.writes, 33);
        assert!(after.flushes - before.flushes <= 3, "{after:?}");
    }

    async fn an_undone_write_leaves_its_neighbours_alone(store: Store) {
        let mut undone = store.write().await.unwrap();
        undone.set_meta("undone", "x").await.unwrap();
        let writers = start_writers(&store, 4);
        tokio::time::sleep(Duration::from_millis(20)).await;
        undone.rollback();
        for writer in writers {
            writer.await.unwrap();
        }
        assert!(!has(&store, "undone").await);
        assert!(has(&store, "writer 3").await);
    }

    async fn a_panic_undoes_its_write_and_frees_the_writer(store: Store) {
        let panicking = store.clone();
        let task = tokio::spawn(async move {
            let mut session = panicking.write().await.unwrap();
            session.set_meta("panicked", "x").await.unwrap();
            panic!("on purpose");
        });
        assert!(task.await.is_err());
        put(&store, "after").await.unwrap();
        assert!(has(&store, "after").await);
        assert!(!has(&store, "panicked").await);
    }

    async fn a_request_cancelled_while_it_commits_does_not_hold_up_the_rest(store: Store) {
        for n in 0..20 {
            let mut session = store.write().await.unwrap();
            session.set_meta(&format!("cancelled {n}"), "x").await.unwrap();
            let commit = session.commit();
            let patience = tokio::time::sleep(Duration::from_micros(n * 20));
            tokio::select! {
                biased;
                () = patience => {}
                done = commit => done.unwrap(),
            }
            put(&store, &format!("next {n}")).await.unwrap();
            assert!(has(&store, &format!("next {n}")).await);
        }
    }

    async fn a_request_cancelled_while_it_waits_gives_up_its_turn(store: Store) {
        let holder = store.write().await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(20), store.write()).await;
        assert!(waiting.is_err());
        holder.commit().await.unwrap();
        put(&store, "after").await.unwrap();
        assert!(has(&store, "after").await);
    }

    async fn a_request_cancelled_in_a_statement_is_undone(store: Store) {
        for n in 0..20 {
            let mut session = store.write().await.unwrap();
            session.set_meta("half", "x").await.unwrap();
            let statement = session.set_meta("other half", "x");
            let _ = tokio::time::timeout(Duration::from_micros(n * 10), statement).await;
            drop(session);
            put(&store, "after").await.unwrap();
            assert!(!has(&store, "half").await);
        }
    }

    async fn a_session_with_a_failed_statement_is_not_kept(store: Store) {
        let mut session = store.write().await.unwrap();
        session.set_meta("good", "x").await.unwrap();
        assert!(session.execute("INSERT INTO nowhere VALUES ($1)", args![1_i64]).await.is_err());
        assert!(session.set_meta("later", "x").await.is_err());
        assert!(session.commit().await.is_err());
        put(&store, "after").await.unwrap();
        assert!(!has(&store, "good").await);
        assert!(!has(&store, "later").await);
    }

    async fn a_closed_store_refuses_instead_of_waiting(store: Store) {
        let clone = store.clone();
        store.close().await;
        assert!(clone.write().await.is_err());
        assert!(clone.read().await.is_err());
    }
}

#[tokio::test]
async fn a_full_disk_fails_whoever_shares_the_flush_and_the_store_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let store = crate::testing::sqlite(directory.path()).await;
    put(&store, "before").await.unwrap();

    // SQLite calls a database that has reached this size full.
    let limit = |pages: i64| {
        let store = store.clone();
        async move {
            let mut session = store.write().await.unwrap();
            let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            session.fetch_one(sql, args![]).await.unwrap();
            session.commit().await.unwrap();
        }
    };
    limit(1).await;
    let mut session = store.write().await.unwrap();
    let neighbour = tokio::spawn({
        let store = store.clone();
        async move { put(&store, "neighbour").await }
    });
    let big = "x".repeat(1 << 20);
    let full = session.set_meta("big", &big).await.unwrap_err();
    assert!(full.chain().contains("full"), "{full:?}");
    assert!(session.commit().await.is_err());
    // Alone in its flush or not, the neighbour is told the truth.
    let told = neighbour.await.unwrap();
    assert_eq!(told.is_ok(), has(&store, "neighbour").await);

    limit(1_000_000).await;
    put(&store, "after").await.unwrap();
    assert!(has(&store, "before").await && has(&store, "after").await);
    assert!(!has(&store, "big").await);
}

#[tokio::test]
async fn a_restarted_database_server_costs_the_writes_in_flight_and_no_later_ones() {
    let Some(database) = crate::testing::Postgres::create().await else {
        return;
    };
    let store = database.open().await;
    put(&store, "before").await.unwrap();

    let mut in_flight = store.write().await.unwrap();
    in_flight.set_meta("in flight", "x").await.unwrap();
    let mut killer = store.read().await.unwrap();
    let kill = "SELECT COUNT(pg_terminate_backend(pid)) AS killed FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    killer.fetch_one(kill, args![]).await.unwrap();
    drop(killer);
    assert!(in_flight.commit().await.is_err());

    put(&store, "after").await.unwrap();
    assert!(has(&store, "before").await && has(&store, "after").await);
    assert!(!has(&store, "in flight").await);
    database.drop_after(store).await;
}
