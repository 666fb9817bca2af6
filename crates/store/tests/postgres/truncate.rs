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
