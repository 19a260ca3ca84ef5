use proptest::prelude::*;

use super::*;

type Chunk = (LogChunk, Vec<Line>);

/// A chunk of a stream with lines at these moments.
fn chunk(id: i64, mut times: Vec<i64>) -> Chunk {
    times.sort_unstable();
    let lines: Vec<_> = times
        .iter()
        .map(|at| Line {
            at: *at,
            message: format!("{id} at {at}"),
        })
        .collect();
    let edge = |line: Option<&Line>| Timestamp::from_millis(line.map_or(0, |line| line.at));
    let chunk = LogChunk {
        group_id: "g".to_owned(),
        stream: "s".to_owned(),
        id,
        first: edge(lines.first()),
        last: edge(lines.last()),
        ingested: Timestamp::from_millis(0),
        bytes: 0,
        sealed: Vec::new(),
    };
    (chunk, lines)
}

/// What [`page`] does, with chunks in memory.
fn read(chunks: &[Chunk], wanted: &Wanted<'_>) -> Page {
    let mut reader = Reader::new(wanted);
    let mut queue: Vec<_> = chunks
        .iter()
        .filter(|(chunk, _)| {
            chunk.last.as_millis() >= reader.from() && chunk.first.as_millis() <= reader.until()
        })
        .collect();
    queue.sort_by_key(|(chunk, _)| (edge(chunk, wanted.order), chunk.id));
    if wanted.order == ChunkOrder::Backward {
        queue.reverse();
    }
    for (chunk, lines) in queue {
        if reader.is_done_before(chunk) {
            return reader.finish_before(chunk);
        }
        reader.add(chunk, lines.clone());
    }
    reader.finish()
}

fn read_all(chunks: &[Chunk], order: ChunkOrder, limit: usize) -> Vec<String> {
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = read(
            chunks,
            &Wanted {
                streams: Streams::All,
                order,
                start: 0,
                end: i64::MAX,
                after,
                limit,
                matches: &|_| true,
            },
        );
        assert!(page.lines.len() <= limit);
        seen.extend(page.lines.into_iter().map(|found| found.line.message));
        match page.next {
            None => return seen,
            next => {
                assert_ne!(after, next, "no page leads to itself");
                after = next;
            }
        }
    }
}

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let times = proptest::collection::vec(0_i64..50, 1..6);
    proptest::collection::vec(times, 0..12)
        .prop_map(|all| (1..).zip(all).map(|(id, times)| chunk(id, times)).collect())
}

proptest! {
    #[test]
    fn pages_join_into_every_line_once_and_in_order(chunks in chunks(), limit in 1_usize..8) {
        let mut all: Vec<_> = chunks
            .iter()
            .flat_map(|(chunk, lines)| (0_i64..).zip(lines).map(|(index, line)| {
                ((line.at, chunk.id, index), line.message.clone())
            }))
            .collect();
        all.sort();
        let mut all: Vec<_> = all.into_iter().map(|(_, message)| message).collect();
        prop_assert_eq!(&read_all(&chunks, ChunkOrder::Forward, limit), &all);
        all.reverse();
        prop_assert_eq!(&read_all(&chunks, ChunkOrder::Backward, limit), &all);
    }

    #[test]
    fn digits_lead_back_to_their_position(at in 0_i64..1 << 50, chunk in 0..i64::MAX, index in 0..i64::MAX) {
        let position = Position { at, chunk, index };
        prop_assert_eq!(Position::parse(&position.digits()), Some(position));
    }

    #[test]
    fn no_token_panics(text in ".{0,60}") {
        let _ = Position::parse(&text);
    }
}

#[test]
fn only_lines_of_the_time_asked_for_are_given() {
    let chunks = [chunk(1, vec![1, 5, 9]), chunk(2, vec![4, 6])];
    let page = read(
        &chunks,
        &Wanted {
            streams: Streams::All,
            order: ChunkOrder::Forward,
            start: 4,
            end: 6,
            after: None,
            limit: 10,
            matches: &|_| true,
        },
    );
    let times: Vec<_> = page.lines.iter().map(|found| found.line.at).collect();
    assert_eq!(times, [4, 5]);
}
