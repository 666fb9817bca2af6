//! Capture does not depend on who writes: on their rights, their search path, or their replication role.

use crate::{on_a_server, read_on, record, run};
use store::Organizations as _;

#[tokio::test]
async fn whoever_writes_is_captured() {
    on_a_server(async |server| {
        let store = server.store().await;
        let record = record("1");
        store.upsert(vec![record.clone()]).await.expect("imported");
        let mut position = None;
        read_on(&store, &mut position, 1000).await;
        let mut stranger = server.stranger().await;
        let role = format!("writer_{}", uuid::Uuid::now_v7().simple());
        let update =
            format!("UPDATE public.phone SET number = number || '1' WHERE organization_id = '{}'", record.id);
        let statements = [
            format!("CREATE ROLE {role}"),
            format!("GRANT SELECT, UPDATE ON phone TO {role}"),
            "CREATE SCHEMA elsewhere".to_owned(),
            format!("SET ROLE {role}"),
            "SET search_path TO elsewhere".to_owned(),
            update.clone(),
            "RESET ROLE".to_owned(),
        ];
        for statement in &statements {
            run(&mut stranger, statement).await.expect("a role with the right to write phones writes phones");
        }
        let rows = read_on(&store, &mut position, 1000).await;
        assert!(rows.iter().any(|row| row.owner_after == Some(record.id)), "a stranger's write: {rows:?}");
        run(&mut stranger, "SET session_replication_role = replica").await.expect("set");
        run(&mut stranger, &update).await.expect("written");
        let rows = read_on(&store, &mut position, 1000).await;
        assert!(rows.iter().any(|row| row.owner_after == Some(record.id)), "a replica's write: {rows:?}");
        run(&mut stranger, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.expect("dropped");
    })
    .await;
}
