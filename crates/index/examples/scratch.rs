use sqlx::Row;
#[tokio::main]
async fn main() {
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    for detail in ["full", "column", "none"] { for cl in ["content='', contentless_delete=1,", ""] {
        let s = format!("DROP TABLE IF EXISTS s; CREATE VIRTUAL TABLE s USING fts5(a,b,c, {cl} detail={detail}); INSERT INTO s(rowid,a,b,c) VALUES (1,'golden harbor','x','1'),(2,'golden','y','2'),(3,'center','z','3'),(4,'cent','z','3'),(5,'c','z','3');");
        sqlx::raw_sql(sqlx::AssertSqlSafe(s)).execute(&pool).await.unwrap();
        for q in ["SELECT rank, typeof(rank) FROM s WHERE s MATCH 'golden OR harbor' ORDER BY rank", "SELECT bm25(s,3.0,1.0,1.0), 'x' FROM s WHERE s MATCH 'golden OR harbor' ORDER BY 1", "SELECT -hit.r, 'sub' FROM (SELECT rowid, rank r FROM s WHERE s MATCH 'golden OR harbor' ORDER BY rank LIMIT 2) hit"] {
            match sqlx::query(q).fetch_all(&pool).await { Ok(rows) => for r in rows { println!("{detail} {cl} {:?} {}", r.try_get::<f64,_>(0), r.get::<String,_>(1)); }, Err(e) => println!("{detail} {cl} {e}") }
        }
    }}
}
