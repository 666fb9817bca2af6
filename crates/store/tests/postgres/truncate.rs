//! TRUNCATE arrives as so many deletes, of whatever table.

use crate::{on_a_server, read_on, record, run};
use std::collections::BTreeSet;
use store::Organizations as _;

#[tokio::test]
async fn a_truncated_table_is_captured() {
    on_a_server(async |server| {
        let store = server.store().await;
        let records = [record("1"), record("2")];
        for (tables, gone, touched) in [
            ("organization CASCADE", vec!["location", "organization", "service"], vec![]),
            ("location CASCADE", vec!["location"], vec!["organization", "service"]),
            ("service CASCADE", vec!["service"], vec!["organization", "location"]),
            ("phone", vec![], vec!["location", "organization", "service"]),
            ("service_at_location", vec![], vec!["organization", "service"]),
            ("alternate_name", vec![], vec!["organization"]),
        ] {
            store.upsert(records.to_vec()).await.expect("imported");
            let mut position = None;
            read_on(&store, &mut position, 1000).await;
            run(&mut server.stranger().await, &format!("TRUNCATE {tables}")).await.expect("truncated");
            let rows = read_on(&store, &mut position, 1000).await;
            let told = |op: &str| -> BTreeSet<_> {
                let told = rows.iter().filter(|row| (row.op == "D") == (op == "D"));
                told.map(|row| (row.table.as_str(), row.owner_before)).collect()
            };
            let of = |tables: &[&'static str]| -> BTreeSet<_> {
                tables
                    .iter()
                    .flat_map(|table| records.iter().map(move |record| (*table, Some(record.id))))
                    .collect()
            };
            assert_eq!(told("D"), of(&gone), "TRUNCATE {tables}: deletes");
            assert!(told("U").is_superset(&of(&touched)), "TRUNCATE {tables}: {:?}", told("U"));
        }
    })
    .await;
}

#[tokio::test]
async fn truncated_facts_are_captured() {
    on_a_server(async |server| {
        let store = server.store().await;
        let record = record("1");
        store.upsert(vec![record.clone()]).await.expect("imported");
        let fact = entity::StewardFact {
            table: "organization".to_owned(),
            row_id: record.id.0,
            record_id: record.id,
            field: "name".to_owned(),
            value: "stated".into(),
            stated_by: "ann".to_owned(),
            stated_at: entity::clock::now(),
        };
        store.state_facts(&[fact], &store::organizations::Revisions::new()).await.expect("stated");
        let mut position = None;
        read_on(&store, &mut position, 1000).await;
        run(&mut server.stranger().await, "TRUNCATE steward_fact").await.expect("truncated");
        let rows = read_on(&store, &mut position, 1000).await;
        let told: BTreeSet<_> = rows.iter().map(|row| (row.table.as_str(), row.row_id)).collect();
        assert_eq!(
            told,
            BTreeSet::from([("organization", record.id.0), ("steward_organization", record.id.0)])
        );
    })
    .await;
}
