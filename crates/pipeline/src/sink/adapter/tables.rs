//! The tables of a copy: their columns, and how rows are written and removed in bulk.

use super::{Connection, Db, Id};
use crate::error::Result;
use crate::sink::failure::failed;
use chrono::{DateTime, Utc};
use entity::RecordId;
use entity::record::FieldOrigin;
use serde_json::{Map, Value};
use sqlx::QueryBuilder;
use sqlx::query_builder::Separated;
use sqlx::types::Json;

/// A row that is written in bulk.
pub(super) trait TableRow: Sized {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    fn bind(self, values: &mut Separated<'_, Db, &'static str>);
}

macro_rules! table_row {
    ($name:ident, $table:literal, { $($column:ident: $type:ty),* $(,)? }) => {
        #[derive(Debug)]
        pub(super) struct $name { $(pub(super) $column: $type),* }

        impl TableRow for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];
            fn bind(self, values: &mut Separated<'_, Db, &'static str>) {
                $(values.push_bind(self.$column);)*
            }
        }
    };
}

type Text = Option<String>;
pub(super) type Extra = Option<Json<Map<String, Value>>>;

table_row!(OrganizationRow, "organization", {
    id: Id, version: i64, name: Text, description: Text, email: Text, website: Text, tax_status: Text, tax_id: Text,
    year_incorporated: Option<i32>, legal_status: Text, uri: Text, parent_organization_id: Option<Id>,
    created_at: Option<DateTime<Utc>>, members: Option<Json<Vec<RecordId>>>,
    origins: Option<Json<Vec<FieldOrigin>>>, extra: Extra,
});
table_row!(RedirectRow, "organization_redirect", { absorbed_id: Id, survivor_id: Id, version: i64 });
table_row!(NameRow, "organization_alternate_name", { organization_id: Id, position: i32, name: String });
table_row!(IdentifierRow, "organization_identifier", {
    organization_id: Id, position: i32, id: Id, source_id: String, scheme: Text, identifier_type: Text,
    identifier: String, extra: Extra,
});
table_row!(LocationRow, "location", {
    id: Id, version: i64, organization_id: Option<Id>, source_organization_id: Option<Id>, source: Text,
    source_id: String, name: Text, alternate_name: Text, description: Text, location_type: Text, url: Text,
    transportation: Text, latitude: Option<f64>, longitude: Option<f64>, extra: Extra,
});
table_row!(AddressRow, "address", {
    location_id: Id, position: i32, id: Id, source_id: String, attention: Text, address_1: Text, address_2: Text,
    city: Text, region: Text, state_province: Text, postal_code: Text, country: Text, address_type: Text,
    extra: Extra,
});
table_row!(ServiceRow, "service", {
    id: Id, version: i64, organization_id: Option<Id>, source_organization_id: Option<Id>, source: Text,
    source_id: String, name: Text, alternate_name: Text, description: Text, url: Text, email: Text, status: Text,
    extra: Extra,
});
table_row!(ServiceAtLocationRow, "service_at_location", { service_id: Id, location_id: Id });
table_row!(PhoneRow, "phone", {
    organization_id: Option<Id>, location_id: Option<Id>, service_id: Option<Id>, position: i32, id: Id,
    source_id: String, number: String, extension: Text, phone_type: Text, description: Text, extra: Extra,
});
table_row!(VersionRow, "sink_version", { table_name: &'static str, id: Id, version: i64, op: &'static str });
table_row!(PositionRow, "sink_position", { topic: String, partition: i32, next_offset: i64 });

/// Parameters that one statement takes: SQLite's limit, which is below PostgreSQL's.
const PARAMETERS_MAX: usize = 32_000;
/// Longer statements are not quicker, and each length is prepared anew.
const ROWS_MAX: usize = 500;

/// Inserts rows of which none is there, in as few statements as the limits allow.
pub(super) async fn insert<R: TableRow>(db: &mut Connection, rows: Vec<R>) -> Result<()> {
    for mut statement in inserts(rows) {
        let written = statement.build().persistent(false).execute(&mut *db).await;
        written.map_err(failed("writing rows of the copy"))?;
    }
    Ok(())
}

/// Inserts rows, or updates those whose id is there.
pub(super) async fn upsert<R: TableRow>(db: &mut Connection, rows: Vec<R>) -> Result<()> {
    let (key, changing) = (R::COLUMNS[0], &R::COLUMNS[1..]);
    let assignments: Vec<_> = changing.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let on_conflict = format!(" ON CONFLICT ({key}) DO UPDATE SET {}", assignments.join(", "));
    for mut statement in inserts(rows) {
        statement.push(&on_conflict);
        let written = statement.build().persistent(false).execute(&mut *db).await;
        written.map_err(failed("writing rows of the copy"))?;
    }
    Ok(())
}

/// Notes these versions where they are newer; the ids of those that are. It holds the keys until the transaction
/// ends, so that of two writers the second sees what the first has done.
pub(super) async fn outdate(db: &mut Connection, versions: Vec<VersionRow>) -> Result<Vec<Id>> {
    let mut newer = Vec::with_capacity(versions.len());
    for mut statement in inserts(versions) {
        statement.push(
            " ON CONFLICT (table_name, id) DO UPDATE SET version = excluded.version, op = excluded.op
             WHERE excluded.version > sink_version.version RETURNING id",
        );
        let ids = statement.build_query_scalar::<Id>().persistent(false).fetch_all(&mut *db).await;
        newer.extend(ids.map_err(failed("comparing versions with the copy"))?);
    }
    Ok(newer)
}

/// Moves positions, never back.
pub(super) async fn advance(db: &mut Connection, positions: Vec<PositionRow>) -> Result<()> {
    for mut statement in inserts(positions) {
        statement.push(
            " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
             WHERE excluded.next_offset > sink_position.next_offset",
        );
        let moved = statement.build().persistent(false).execute(&mut *db).await;
        moved.map_err(failed("moving the copy's positions"))?;
    }
    Ok(())
}

fn inserts<R: TableRow>(rows: Vec<R>) -> impl Iterator<Item = QueryBuilder<Db>> {
    let rows_max = (PARAMETERS_MAX / R::COLUMNS.len()).min(ROWS_MAX);
    let mut rows = rows.into_iter().peekable();
    std::iter::from_fn(move || {
        rows.peek()?;
        let insert = format!("INSERT INTO {} ({}) ", R::TABLE, R::COLUMNS.join(", "));
        let mut statement = QueryBuilder::new(insert);
        statement.push_values(rows.by_ref().take(rows_max), |mut values, row| row.bind(&mut values));
        Some(statement)
    })
}
