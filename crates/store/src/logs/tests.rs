use types::{AccountId, Region};

use super::*;
use crate::on_both_databases;

fn home() -> (AccountId, Region) {
    let account = "123456789012".parse().unwrap();
    (account, "us-east-1".parse().unwrap())
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn group(name: &str) -> LogGroup {
    let (account, region) = home();
    LogGroup {
        id: format!("id of {name}"),
        account,
        region,
        name: name.to_owned(),
        retention_days: None,
        sealed_key: vec![1],
        tags: Vec::new(),
        created: at(1),
    }
}

fn stream(group: &LogGroup, name: &str) -> LogStream {
    LogStream {
        group_id: group.id.clone(),
        name: name.to_owned(),
        created: at(1),
        first: None,
        last: None,
        ingested: None,
    }
}

fn chunk(stream: &LogStream, id: i64, first: i64, last: i64) -> LogChunk {
    LogChunk {
        group_id: stream.group_id.clone(),
        stream: stream.name.clone(),
        id,
        first: at(first),
        last: at(last),
        ingested: at(last),
        bytes: 10,
        sealed: vec![0; 100],
    }
}

/// A group with two streams of two chunks each.
async fn filled(session: &mut Session) -> LogGroup {
    let group = group("g");
    assert!(session.insert_log_group(&group).await.unwrap());
    for (n, name) in (0..).zip(["web/a", "web/b"]) {
        let stream = stream(&group, name);
        assert!(session.insert_log_stream(&stream).await.unwrap());
        for (id, from) in [(1, 10), (2, 30)] {
            let chunk = chunk(&stream, id + 10 * n, from + n, from + n + 5);
            session.insert_log_chunk(&chunk).await.unwrap();
        }
    }
    group
}

fn query(group: &LogGroup) -> ChunkQuery<'_> {
    ChunkQuery {
        group_id: &group.id,
        streams: Streams::All,
        order: ChunkOrder::Forward,
        from: at(0),
        until: at(100),
        after: None,
        limit: 10,
    }
}

async fn ids(session: &mut Session, query: ChunkQuery<'_>) -> Vec<i64> {
    let chunks = session.log_chunks(query).await.unwrap();
    chunks.into_iter().map(|chunk| chunk.id).collect()
}

on_both_databases! {
    async fn chunks_come_in_the_order_asked_for(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        let all = query(&group);
        assert_eq!(ids(&mut session, all).await, [1, 11, 2, 12]);
        let backward = ChunkQuery { order: ChunkOrder::Backward, ..all };
        assert_eq!(ids(&mut session, backward).await, [12, 2, 11, 1]);
        let rest = ChunkQuery { after: Some((at(11), 11)), ..all };
        assert_eq!(ids(&mut session, rest).await, [2, 12]);
    }

    async fn chunks_are_chosen_by_stream_and_time(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        let all = query(&group);
        let names = ["web/b".to_owned()];
        let one = ChunkQuery { streams: Streams::Named(&names), after: Some((at(11), 11)), ..all };
        assert_eq!(ids(&mut session, one).await, [12]);
        let prefix = ChunkQuery { streams: Streams::Prefix("web/a"), after: Some((at(0), 0)), ..all };
        assert_eq!(ids(&mut session, prefix).await, [1, 2]);
        let time = ChunkQuery { from: at(16), until: at(30), ..all };
        assert_eq!(ids(&mut session, time).await, [11, 2]);
    }

    async fn a_stream_tells_the_times_of_its_lines(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        let told = session.log_stream(&group.id, "web/a").await.unwrap().unwrap();
        assert_eq!((told.first, told.last, told.ingested), (Some(at(10)), Some(at(35)), Some(at(35))));
        assert_eq!(session.log_group_bytes(&group.id).await.unwrap(), 40);
    }

    async fn streams_are_listed_by_name_and_by_their_last_line(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        let empty = stream(&group, "z");
        session.insert_log_stream(&empty).await.unwrap();
        for (order, descending, expected) in [
            (StreamOrder::Name, false, ["web/a", "web/b", "z"]),
            (StreamOrder::Name, true, ["z", "web/b", "web/a"]),
            (StreamOrder::LastEvent, true, ["web/b", "web/a", "z"]),
        ] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = session.log_streams(&group.id, order, descending, after.as_ref(), 1).await.unwrap();
                let Some(one) = page.into_iter().next() else { break };
                seen.push(one.name.clone());
                after = Some(one);
            }
            assert_eq!(seen, expected);
        }
    }

    async fn a_group_goes_with_its_lines(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        assert!(session.delete_log_stream(&group.id, "web/a").await.unwrap());
        assert_eq!(ids(&mut session, query(&group)).await, [11, 12]);
        session.delete_log_group(&group.id).await.unwrap();
        assert!(ids(&mut session, query(&group)).await.is_empty());
        assert_eq!(session.log_storage().await.unwrap(), 0);
    }

    async fn lines_go_when_their_retention_is_over(store: Store) {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let mut session = store.write().await.unwrap();
        let mut group = filled(&mut session).await;
        let later = at(2 * DAY + 20);
        assert_eq!(session.delete_expired_log_chunks(later).await.unwrap(), 0);
        group.retention_days = Some(2);
        session.update_log_group(&group).await.unwrap();
        assert_eq!(session.delete_expired_log_chunks(later).await.unwrap(), 2);
        assert_eq!(ids(&mut session, query(&group)).await, [2, 12]);
    }

    async fn the_oldest_lines_go_first_when_there_is_no_room(store: Store) {
        let mut session = store.write().await.unwrap();
        let group = filled(&mut session).await;
        assert_eq!(session.log_storage().await.unwrap(), 400);
        assert_eq!(session.delete_oldest_log_chunks(150).await.unwrap(), 2);
        assert_eq!(ids(&mut session, query(&group)).await, [2, 12]);
    }
}
