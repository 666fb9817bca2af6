//! A registry reached over REST: Confluent's, Karapace, or Apicurio under `/apis/ccompat/v7`.

use super::{
    Compatibility, Deletion, RegisteredSchema, SchemaRegistry, SchemaVersion, Scope, refuse_if_any, rest,
};
use crate::error::{Error, Result};
use async_trait::async_trait;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// A name and password for basic authentication.
#[derive(Clone)]
pub struct Credentials {
    /// The user, or the API key.
    pub username: String,
    /// The password, or the API secret.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A client; cheap to clone.
#[derive(Clone, Debug)]
pub struct RemoteRegistry {
    client: Client,
    url: String,
    credentials: Option<Credentials>,
}

/// What a registry says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    error_code: u32,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Id {
    id: i32,
}

#[derive(Deserialize)]
struct SchemaText {
    schema: String,
}

#[derive(Deserialize)]
struct Level {
    #[serde(rename = "compatibilityLevel")]
    level: Option<String>,
}

#[derive(Deserialize)]
struct Registered {
    subject: String,
    id: i32,
    version: i32,
    schema: String,
    #[serde(rename = "schemaType")]
    kind: Option<String>,
    #[serde(default)]
    references: Option<Vec<Value>>,
}

impl RemoteRegistry {
    /// A client of the registry at `url`, such as `http://127.0.0.1:8081`.
    ///
    /// # Errors
    /// `Invalid` when the URL is none.
    pub fn new(url: &str, credentials: Option<Credentials>) -> Result<Self> {
        let invalid = |why: String| Error::Invalid(format!("the schema registry's URL {url:?}: {why}"));
        let parsed = reqwest::Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid("it must begin with http:// or https://".to_owned()));
        }
        let client =
            Client::builder().connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(30));
        let client = client.build().map_err(|error| Error::transient("preparing an HTTP client", error))?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), credentials })
    }

    /// Sends a request and reads the answer; `what` names the thing that a 404 says is not there.
    async fn call<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let doing = || format!("{} {} at the schema registry", call.method, call.path);
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.url, call.path));
        request = request.header("accept", format!("{}, application/json", rest::CONTENT_TYPE));
        if let Some(Credentials { username, password }) = &self.credentials {
            request = request.basic_auth(username, Some(password));
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", rest::CONTENT_TYPE).body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| Error::transient(doing(), error.without_url()))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| Error::transient(doing(), error.without_url()))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|error| Error::Corrupt(format!("{}: not its usual answer: {error}", doing())));
        }
        let refusal = serde_json::from_slice(&bytes).unwrap_or_else(|_| Refusal {
            error_code: 0,
            message: String::from_utf8_lossy(&bytes).into_owned(),
        });
        Err(refused(&call, status, refusal))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, what: String) -> Result<T> {
        self.call(Call { method: Method::GET, path, body: None, subject: "", what }).await
    }

    async fn delete<T: DeserializeOwned>(&self, path: &str, what: String) -> Result<T> {
        self.call(Call { method: Method::DELETE, path, body: None, subject: "", what }).await
    }
}

struct Call<'a> {
    method: Method,
    path: &'a str,
    body: Option<Value>,
    subject: &'a str,
    what: String,
}

fn refused(call: &Call<'_>, status: StatusCode, refusal: Refusal) -> Error {
    let Refusal { error_code, message } = refusal;
    let text =
        format!("{} {} at the schema registry: {status} {error_code} {message}", call.method, call.path);
    match status {
        StatusCode::NOT_FOUND => Error::NotFound(call.what.clone()),
        StatusCode::CONFLICT => {
            Error::Incompatible { subject: call.subject.to_owned(), version: 0, problem: message }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Error::transient("waiting for the schema registry", text)
        }
        status if status.is_server_error() => Error::transient("waiting for the schema registry", text),
        _ => Error::Invalid(text),
    }
}

#[async_trait]
impl SchemaRegistry for RemoteRegistry {
    async fn subjects(&self, scope: Scope) -> Result<Vec<String>> {
        let path = format!("/subjects?deleted={}", scope == Scope::WithDeleted);
        let mut subjects: Vec<String> = self.get(&path, "the list of subjects".to_owned()).await?;
        subjects.sort_unstable();
        Ok(subjects)
    }

    async fn versions(&self, subject: &str, scope: Scope) -> Result<Vec<i32>> {
        let deleted = scope == Scope::WithDeleted;
        let path = format!("/subjects/{}/versions?deleted={deleted}", encoded(subject));
        let mut versions: Vec<i32> = self.get(&path, format!("subject {subject}")).await?;
        versions.sort_unstable();
        if versions.is_empty() { Err(Error::NotFound(format!("subject {subject}"))) } else { Ok(versions) }
    }

    async fn schema(&self, subject: &str, version: SchemaVersion) -> Result<RegisteredSchema> {
        let version = match version {
            SchemaVersion::Latest => "latest".to_owned(),
            SchemaVersion::Number(number) => number.to_string(),
        };
        let path = format!("/subjects/{}/versions/{version}", encoded(subject));
        let known: Registered = self.get(&path, format!("version {version} of subject {subject}")).await?;
        let kind = known.kind.as_deref().unwrap_or("AVRO");
        if kind != "AVRO" || known.references.is_some_and(|references| !references.is_empty()) {
            let problem =
                format!("subject {subject} version {version} is a {kind} schema, or one with references");
            return Err(Error::Invalid(format!(
                "{problem}: only Avro schemas that stand alone are understood"
            )));
        }
        let Registered { subject, id, version, schema, .. } = known;
        Ok(RegisteredSchema { subject, id, version, schema })
    }

    async fn by_id(&self, id: i32) -> Result<String> {
        let text: SchemaText = self.get(&format!("/schemas/ids/{id}"), format!("schema id {id}")).await?;
        Ok(text.schema)
    }

    async fn register(&self, subject: &str, schema: &str) -> Result<i32> {
        let path = format!("/subjects/{}/versions", encoded(subject));
        let (body, what) = (Some(json!({ "schema": schema })), format!("subject {subject}"));
        match self.call(Call { method: Method::POST, path: &path, body, subject, what }).await {
            Ok(Id { id }) => Ok(id),
            Err(Error::Incompatible { subject, problem, .. }) => {
                // Servers differ in what they tell; our own check names the version and the field.
                refuse_if_any(&subject, self.check(&subject, schema).await?)?;
                let version = self.versions(&subject, Scope::Live).await?.pop().unwrap_or_default();
                Err(Error::Incompatible { subject, version, problem })
            }
            Err(other) => Err(other),
        }
    }

    async fn compatibility(&self, subject: Option<&str>) -> Result<Option<Compatibility>> {
        let path = config_path(subject);
        let answer: Level = match self.get(&path, path.clone()).await {
            Err(Error::NotFound(_)) if subject.is_some() => return Ok(None),
            answer => answer?,
        };
        answer.level.as_deref().map(str::parse).transpose()
    }

    async fn set_compatibility(&self, subject: Option<&str>, level: Option<Compatibility>) -> Result<()> {
        let path = config_path(subject);
        let Some(level) = level else {
            return match self.delete::<Value>(&path, path.clone()).await {
                Ok(_) | Err(Error::NotFound(_)) => Ok(()),
                Err(other) => Err(other),
            };
        };
        let (body, what) = (Some(json!({ "compatibility": level.as_str() })), path.clone());
        let _: Value = self.call(Call { method: Method::PUT, path: &path, body, subject: "", what }).await?;
        Ok(())
    }

    async fn delete_subject(&self, subject: &str, deletion: Deletion) -> Result<Vec<i32>> {
        let permanent = deletion == Deletion::Permanent;
        let path = format!("/subjects/{}?permanent={permanent}", encoded(subject));
        self.delete(&path, format!("subject {subject}")).await
    }

    async fn delete_version(&self, subject: &str, version: i32, deletion: Deletion) -> Result<()> {
        let permanent = deletion == Deletion::Permanent;
        let path = format!("/subjects/{}/versions/{version}?permanent={permanent}", encoded(subject));
        let what = format!("version {version} of subject {subject}");
        self.delete::<Value>(&path, what).await.map(|_| ())
    }
}

fn config_path(subject: Option<&str>) -> String {
    subject.map_or_else(|| "/config".to_owned(), |subject| format!("/config/{}", encoded(subject)))
}

/// Percent-encoding of one path segment.
fn encoded(segment: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    segment.bytes().map(one).collect()
}
