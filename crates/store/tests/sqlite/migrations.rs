//! A migration that makes a table anew keeps its rows and what hangs on them.

use crate::record;
use store::Organizations as _;
use store::sqlite::OrganizationsStore;

#[tokio::test]
async fn pointers_at_places_survive_their_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("organizations.db");
    let mut told = record("1");
    told.organization.locations.truncate(1);
    let place = told.organization.locations[0].id;
    assert_eq!(told.organization.services[0].location_ids, [place]);
    let newest = folder.path().join("newest.db");
    OrganizationsStore::open(&newest)
        .await
        .expect("opened")
        .upsert(vec![told.clone()])
        .await
        .expect("imported");

    // The schema before, filled from what the present one wrote.
    let mut first = sqlx::migrate!("../../migrations/sqlite/organizations");
    first.migrations.to_mut().truncate(1);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options.foreign_keys(false)).await.expect("opened");
    first.run(&mut connection).await.expect("migrated");
    let attach = format!("ATTACH '{}' AS newest", newest.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(attach)).execute(&mut connection).await.expect("attached");
    for table in ["organization", "alternate_name", "location", "service", "service_at_location", "phone"] {
        // The columns of then: later migrations added some.
        let columns: String =
            sqlx::query_scalar("SELECT group_concat(name) FROM pragma_table_info($1, 'main')")
                .bind(table)
                .fetch_one(&mut connection)
                .await
                .expect("columns");
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(copy)).execute(&mut connection).await.expect("copied");
    }
    sqlx::Connection::close(connection).await.expect("closed");

    let store = OrganizationsStore::open(&path).await.expect("migrated");
    let family = store.family(&[told.id]).await.expect("read");
    assert_eq!(family.records, [told]);
}
