//! What every registry promises, on the embedded one and on a real server.

use events::registry::sqlite::SqliteRegistry;
use events::registry::{Compatibility, Deletion, SchemaRegistry, SchemaVersion, Scope};
use events::{Error, Result};
use std::sync::Arc;

fn schema(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"R","namespace":"n","fields":[{fields}]}}"#)
}

const A: &str = r#"{"name":"a","type":"int"}"#;
const B: &str = r#"{"name":"b","type":["null","string"],"default":null}"#;
const C: &str = r#"{"name":"c","type":"string"}"#;

fn names(error: &Error) -> &str {
    match error {
        Error::NotFound(what) => what,
        other => panic!("{other}"),
    }
}

/// The whole life of two subjects, whose names only this run uses.
async fn life(registry: &dyn SchemaRegistry, prefix: &str) -> Result<()> {
    let (orders, copies) = (format!("{prefix}/orders é-value"), format!("{prefix}-copies-value"));
    assert!(names(&registry.versions(&orders, Scope::Live).await.unwrap_err()).contains(&orders));
    assert_eq!(registry.compatibility(Some(&orders)).await?, None);
    registry.set_compatibility(Some(&orders), Some(Compatibility::FullTransitive)).await?;
    assert_eq!(registry.compatibility(Some(&orders)).await?, Some(Compatibility::FullTransitive));
    assert_eq!(registry.level(&orders).await?, Compatibility::FullTransitive);

    let (first, second) = (schema(A), schema(&format!("{A},{B}")));
    let id = registry.register(&orders, &first).await?;
    assert_eq!(registry.register(&orders, &first).await?, id, "a second call changes nothing");
    assert_eq!(registry.versions(&orders, Scope::Live).await?, [1]);
    let next = registry.register(&orders, &second).await?;
    assert_ne!(next, id);
    assert_eq!(registry.versions(&orders, Scope::Live).await?, [1, 2]);
    assert_eq!(registry.register(&orders, &first).await?, id, "an older version is still the same schema");

    let known = registry.schema(&orders, SchemaVersion::Latest).await?;
    assert_eq!((known.subject.as_str(), known.version, known.id), (orders.as_str(), 2, next));
    assert_eq!(json(&known.schema), json(&second));
    assert_eq!(registry.schema(&orders, SchemaVersion::Number(1)).await?.id, id);
    registry.schema(&orders, SchemaVersion::Number(9)).await.unwrap_err();
    assert_eq!(json(&registry.by_id(id).await?), json(&first));
    assert!(names(&registry.by_id(2_000_000_000).await.unwrap_err()).contains("2000000000"));

    // A field without a default: refused with the version and the field, and nothing is registered.
    let third = schema(&format!("{A},{C}"));
    let problems = registry.check(&orders, &third).await?;
    assert_eq!(
        problems.iter().map(|problem| (problem.version, problem.path.as_str())).collect::<Vec<_>>(),
        [(1, "c"), (2, "c")]
    );
    assert!(registry.check(&orders, &second).await?.is_empty());
    let refused = registry.register(&orders, &third).await.unwrap_err();
    let Error::Incompatible { subject, version, problem } = &refused else { panic!("{refused}") };
    assert_eq!((subject.as_str(), *version), (orders.as_str(), 1));
    assert!(problem.starts_with("c: "), "{problem}");
    assert_eq!(registry.versions(&orders, Scope::Live).await?, [1, 2]);
    assert!(matches!(registry.register(&orders, "{\"type\":").await, Err(Error::Invalid(_))));

    registry.set_compatibility(Some(&orders), Some(Compatibility::None)).await?;
    registry.register(&orders, &third).await?;
    assert_eq!(registry.register(&copies, &second).await?, next, "one schema, one id");
    let subjects = registry.subjects(Scope::Live).await?;
    assert!(subjects.contains(&orders) && subjects.contains(&copies), "{subjects:?}");

    registry.delete_version(&orders, 3, Deletion::Soft).await?;
    assert_eq!(registry.versions(&orders, Scope::Live).await?, [1, 2]);
    assert_eq!(registry.delete_subject(&copies, Deletion::Soft).await?, [1]);
    assert!(!registry.subjects(Scope::Live).await?.contains(&copies));
    assert_eq!(json(&registry.by_id(next).await?), json(&second), "what was written stays readable");
    Ok(())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

async fn embedded(folder: &tempfile::TempDir) -> SqliteRegistry {
    SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap()
}

#[tokio::test]
async fn the_embedded_registry_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    life(&embedded(&folder).await, "test").await.unwrap();
}

#[tokio::test]
async fn deleted_numbers_are_not_given_again_and_a_schema_comes_back_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let registry = embedded(&folder).await;
    let id = registry.register("s", &schema(A)).await.unwrap();
    registry.set_compatibility(Some("s"), Some(Compatibility::Full)).await.unwrap();
    assert_eq!(registry.delete_subject("s", Deletion::Soft).await.unwrap(), [1]);
    assert!(registry.delete_subject("s", Deletion::Soft).await.is_err());
    assert_eq!(registry.versions("s", Scope::WithDeleted).await.unwrap(), [1]);
    assert_eq!(registry.subjects(Scope::WithDeleted).await.unwrap(), ["s"]);
    assert_eq!(registry.compatibility(Some("s")).await.unwrap(), None, "the level goes with the subject");
    assert_eq!(registry.register("s", &schema(A)).await.unwrap(), id);
    assert_eq!(registry.versions("s", Scope::Live).await.unwrap(), [2]);
    registry.delete_version("s", 1, Deletion::Permanent).await.unwrap();
    assert_eq!(registry.versions("s", Scope::WithDeleted).await.unwrap(), [2]);
    registry.delete_subject("s", Deletion::Soft).await.unwrap();
    registry.delete_subject("s", Deletion::Permanent).await.unwrap();
    let other = registry.register("s", &schema(B)).await.unwrap();
    assert!(other > id, "an id is never used again");
    assert_eq!(json(&registry.by_id(id).await.unwrap()), json(&schema(A)));
}

#[tokio::test]
async fn the_level_of_all_counts_where_a_subject_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let registry = embedded(&folder).await;
    assert_eq!(registry.compatibility(None).await.unwrap(), Some(Compatibility::Backward));
    registry.set_compatibility(None, Some(Compatibility::None)).await.unwrap();
    assert_eq!(registry.level("s").await.unwrap(), Compatibility::None);
    registry.register("s", "\"int\"").await.unwrap();
    registry.register("s", "\"string\"").await.unwrap();
    registry.set_compatibility(None, None).await.unwrap();
    assert!(matches!(registry.register("s", "\"boolean\"").await, Err(Error::Incompatible { .. })));
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    std::fs::write(&path, "not a database, but long enough to be taken for one at first glance".repeat(20))
        .unwrap();
    let error = SqliteRegistry::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("registry.db"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_is_opened_by_several_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.db");
        let open = || SqliteRegistry::open(&path);
        let opened = tokio::join!(open(), open(), open(), open());
        assert!(opened.0.is_ok() && opened.1.is_ok() && opened.2.is_ok() && opened.3.is_ok(), "{opened:?}");
    }
}

#[tokio::test]
async fn two_processes_register_at_once_without_a_gap_or_a_double() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let mut tasks = Vec::new();
    for process in 0..4 {
        let path = path.clone();
        tasks.push(tokio::spawn(async move {
            let registry = Arc::new(SqliteRegistry::open(&path).await.unwrap());
            registry.set_compatibility(Some("s"), Some(Compatibility::None)).await.unwrap();
            let mut ids = Vec::new();
            for round in 0..20 {
                ids.push(registry.register("s", &schema(A)).await.unwrap());
                let own = format!(r#"{{"type":"fixed","name":"F{process}","size":{}}}"#, round + 1);
                registry.register("s", &own).await.unwrap();
            }
            ids
        }));
    }
    let mut ids = Vec::new();
    for task in tasks {
        ids.extend(task.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "the schema that all register has one id: {ids:?}");
    let registry = SqliteRegistry::open(&path).await.unwrap();
    assert_eq!(registry.versions("s", Scope::Live).await.unwrap(), (1..=81).collect::<Vec<_>>());
}

#[cfg(feature = "kafka")]
mod remote {
    use super::life;
    use events::Error;
    use events::codec::Codec;
    use events::registry::remote::{Credentials, RemoteRegistry};
    use events::registry::{SchemaRegistry, Scope};
    use events::topics::{Product, TopicNames};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_real_registry_keeps_the_same_promises() {
        let Some(url) = crate::rest::server_url() else { return };
        let registry = RemoteRegistry::new(&url, None).unwrap();
        life(&registry, &crate::rest::unique("life")).await.unwrap();
    }

    #[tokio::test]
    async fn a_codec_prepares_and_reads_through_a_real_registry() {
        let Some(url) = crate::rest::server_url() else { return };
        let registry: Arc<dyn SchemaRegistry> = Arc::new(RemoteRegistry::new(&url, None).unwrap());
        let run = crate::rest::unique("codec");
        let named = |what: &str| format!("{run}.{what}");
        let names = TopicNames {
            record: named("record"),
            organization: named("organization"),
            location: named("location"),
            service: named("service"),
            merge: named("merge"),
            redirect: named("redirect"),
            duplicate_cluster: named("duplicate-cluster"),
            cluster_transition: named("cluster-transition"),
            ..TopicNames::default()
        };
        let codec = Codec::new(Arc::clone(&registry), names.clone());
        codec.prepare().await.unwrap();
        codec.prepare().await.unwrap();
        assert_eq!(registry.versions(&names.subject(Product::Record), Scope::Live).await.unwrap(), [1]);
        let value = serde_json::json!({"id": "x", "version": 1, "op": "delete", "source": null,
            "source_id": null, "created_at": null, "organization": null});
        let bytes = codec.encode(Product::Record, &value).unwrap();
        let reader = Codec::new(registry, names);
        assert_eq!(reader.decode_json(&bytes).await.unwrap()["id"], "x");
    }

    #[tokio::test]
    async fn a_registry_that_is_away_is_transient_and_a_bad_address_is_not() {
        let registry = RemoteRegistry::new("http://127.0.0.1:1/", None).unwrap();
        assert!(matches!(registry.by_id(1).await, Err(Error::Transient { .. })));
        for bad in ["", "127.0.0.1:8081", "ftp://registry"] {
            assert!(matches!(RemoteRegistry::new(bad, None), Err(Error::Invalid(_))), "{bad}");
        }
        let credentials = Credentials { username: "u".into(), password: "secret".into() };
        let registry = RemoteRegistry::new("http://127.0.0.1:1", Some(credentials)).unwrap();
        assert!(!format!("{registry:?}").contains("secret"));
    }
}
