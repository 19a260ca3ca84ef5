//! A database that cannot be used is refused with a sentence that says what is wrong and what to do.

use std::path::Path;

use store::{OpenOptions, Store, StoreError, args};

async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(
        &format!("sqlite:{}", path.display()),
        OpenOptions::default(),
    )
    .await
}

async fn refusal(path: &Path) -> StoreError {
    match open(path).await {
        Err(error) => error,
        Ok(_) => panic!("{} opened", path.display()),
    }
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(&directory.path().join("missing/s.db")).await;
    assert!(matches!(error, StoreError::MissingDirectory(_)));
    assert!(
        error.to_string().contains("missing` does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn a_directory_is_no_database() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        refusal(directory.path()).await,
        StoreError::IsDirectory(_)
    ));
}

#[tokio::test]
async fn a_file_of_something_else_is_no_database_and_stays_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let text = "these are notes, and no database at all. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(refusal(&path).await, StoreError::NotADatabase(_)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_place_where_nothing_can_be_written_is_refused() {
    let error = refusal(Path::new("/sys/kernel/sealift.db")).await;
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let store = open(&path).await.unwrap();
    let mut session = store.write().await.unwrap();
    let newer = "INSERT INTO schema_steps (version) VALUES ($1)";
    session.execute(newer, args![9999_i64]).await.unwrap();
    session.commit().await.unwrap();
    store.close().await;

    let error = refusal(&path).await;
    assert!(
        matches!(error, StoreError::NewerSchema { found: 9999, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_refused_without_its_password() {
    let url = "postgres://someone:hunter2@127.0.0.1:1/nothing";
    let Err(error) = Store::open(url, OpenOptions::default()).await else {
        panic!("opened");
    };
    assert!(matches!(error, StoreError::Unreachable(_)));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_the_database_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("s.db")).await.unwrap();
    let mut session = store.write().await.unwrap();
    session.set_meta("a", "b").await.unwrap();
    session.commit().await.unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.path());
    }
}

#[tokio::test]
async fn what_was_deleted_leaves_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let store = open(&path).await.unwrap();
    let marked = "a-text-that-is-nowhere-else";
    let mut session = store.write().await.unwrap();
    session.set_meta("key", marked).await.unwrap();
    session.commit().await.unwrap();
    let mut session = store.write().await.unwrap();
    session
        .execute("DELETE FROM meta WHERE key = $1", args!["key"])
        .await
        .unwrap();
    session.commit().await.unwrap();
    store.close().await;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes
            .windows(marked.len())
            .any(|window| window == marked.as_bytes());
        assert!(!found, "the deleted text is still there");
    }
}
