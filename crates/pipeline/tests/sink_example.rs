//! The worked example of `docs/consuming.md` keeps the rules that it teaches.

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sqlx::{ConnectOptions, Connection};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::process::Command;

    type Topic = Arc<Mutex<Vec<Value>>>;

    /// Answers as the topic endpoint does, three events at a time; a cursor is `at-N`.
    async fn serve(listener: TcpListener, topic: Topic) {
        while let Ok((stream, _)) = listener.accept().await {
            answer(stream, &topic).await;
        }
    }

    async fn answer(mut stream: TcpStream, topic: &Topic) {
        let (reading, mut writing) = stream.split();
        let mut request = String::new();
        let mut reading = BufReader::new(reading);
        reading.read_line(&mut request).await.unwrap();
        assert!(request.starts_with("GET /v1/topics/organizations.organization.v1/records?"), "{request}");
        let query = request.split(['?', ' ']).nth(2).unwrap();
        let from = query.split('&').find_map(|pair| pair.strip_prefix("from=")).unwrap();
        let start = from.strip_prefix("at-").map_or(0, |number| number.parse().unwrap());
        let records: Vec<_> = topic.lock().unwrap().iter().skip(start).take(3).cloned().collect();
        let next = format!("at-{}", start + records.len());
        let body = json!({"records": records, "next": next}).to_string();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        writing.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        writing.shutdown().await.unwrap();
        let _ = reading.read_to_end(&mut Vec::new()).await;
    }

    fn event(key: &str, version: i64, value: &Value) -> Value {
        json!({"partition": 0, "offset": 0, "key": key, "version": version.to_string(), "value": value})
    }

    fn upsert(key: &str, version: i64, name: &str) -> Value {
        event(key, version, &json!({"op": "upsert", "members": [key], "organization": {"name": name}}))
    }

    fn redirect(key: &str, version: i64, survivor: &str) -> Value {
        event(key, version, &json!({"op": "redirect", "redirect_to": survivor}))
    }

    struct Example {
        service: String,
        database: PathBuf,
    }

    impl Example {
        /// Runs it until everything is read.
        async fn run(&self, arguments: &[&str]) -> String {
            let script =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/follow_organizations.py");
            let mut command = Command::new("python3");
            command.arg(script).arg(&self.service).args(["--once", "--database"]).arg(&self.database);
            let output = command.args(arguments).output().await.unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            said
        }

        async fn texts(&self, query: &'static str) -> Vec<String> {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&self.database);
            let mut connection = options.connect().await.unwrap();
            let found = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            found
        }

        async fn state(&self) -> (String, String) {
            let names = self.texts("SELECT id || '=' || name FROM organization ORDER BY id").await.join(" ");
            let redirects = "SELECT absorbed_id || '>' || survivor_id FROM redirect ORDER BY absorbed_id";
            (names, self.texts(redirects).await.join(" "))
        }
    }

    async fn python_is_here() -> bool {
        Command::new("python3")
            .args(["-c", "import sqlite3"])
            .output()
            .await
            .is_ok_and(|out| out.status.success())
    }

    #[tokio::test]
    async fn the_python_consumer_keeps_the_five_rules() {
        if !python_is_here().await {
            println!("SKIPPED: no python3 with sqlite3");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = format!("http://{}", listener.local_addr().unwrap());
        let topic = Topic::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&topic)));
        let example = Example { service, database: folder.path().join("copy.db") };
        let large = 9_007_199_254_740_993;
        let tell = |events: Vec<Value>| topic.lock().unwrap().extend(events);

        tell(vec![upsert("a", 10, "A"), upsert("b", 9, "B"), upsert("c", 10, "C"), upsert("d", 10, "D")]);
        tell(vec![upsert("b", 100, "B now"), upsert("b", 99, "B before"), upsert("b", 100, "B now")]);
        tell(vec![upsert("e", large, "E now"), upsert("e", large - 1, "E before")]);
        example.run(&[]).await;
        assert_eq!(example.state().await, ("a=A b=B now c=C d=D e=E now".into(), String::new()));

        // A merge, a tombstone without its delete event, a late duplicate, and something that cannot be read.
        tell(vec![redirect("b", 101, "a"), event("c", 11, &Value::Null), upsert("c", 10, "C")]);
        tell(vec![
            event("d", 12, &json!({"undecodable": "no such schema", "base64": ""})),
            redirect("d", 12, ""),
        ]);
        tell(vec![
            event("d", 11, &json!({"op": "delete"})),
            event("d", 11, &Value::Null),
            upsert("f", 11, "F"),
        ]);
        let said = example.run(&[]).await;
        assert_eq!(said.matches("passed over d").count(), 2, "{said}");
        assert_eq!(example.state().await, ("a=A e=E now f=F".into(), "b>a".into()));

        // Undo, and the whole topic once more.
        tell(vec![upsert("b", 102, "B again"), redirect("b", 101, "a")]);
        let everything = topic.lock().unwrap().clone();
        tell(everything);
        example.run(&[]).await;
        let undone = ("a=A b=B again e=E now f=F".to_owned(), String::new());
        assert_eq!(example.state().await, undone);

        // The topic forgot a key and its tombstone: a rebuild finds out, reading on does not.
        topic.lock().unwrap().retain(|event| event["key"] != "f");
        example.run(&["--rebuild"]).await;
        assert_eq!(example.state().await, ("a=A b=B again e=E now".into(), String::new()));
        tell(vec![upsert("f", 11, "F")]);
        example.run(&[]).await;
        assert_eq!(
            example.state().await,
            ("a=A b=B again e=E now".into(), String::new()),
            "a late duplicate"
        );
        server.abort();
    }
}
