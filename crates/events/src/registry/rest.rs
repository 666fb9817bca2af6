//! The REST calls of the Confluent Schema Registry, answered from any registry: requests in, answers out, and
//! no web server.
//!
//! Contexts, references, rule sets and schema types other than Avro are refused, never ignored in silence.

mod refusal;
mod request;

use super::compatibility::{self, Problem};
use super::{Compatibility, Deletion, RegisteredSchema, SchemaRegistry, SchemaVersion, Scope, find, parsed};
use crate::error::Error;
use refusal::{bad_version, failed, in_subject, in_version, no_subject, no_version, refusal};
use request::{Request, Route};
use serde_json::{Map, Value, json};

/// The content type of every answer.
pub const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// An answer to be sent with [`CONTENT_TYPE`].
#[derive(Clone, Debug, PartialEq)]
pub struct RestAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

type Answer = Result<Value, RestAnswer>;

/// Answers a request. `path` begins with a slash, still percent-encoded, with its query; a prefix under which
/// the registry is mounted is cut off before.
pub async fn handle(registry: &dyn SchemaRegistry, method: &str, path: &str, body: &[u8]) -> RestAnswer {
    let request = Request::new(method, path, body);
    match answer(registry, &request).await {
        Ok(body) => RestAnswer { status: 200, body },
        Err(refusal) => refusal,
    }
}

async fn answer(registry: &dyn SchemaRegistry, request: &Request<'_>) -> Answer {
    let Some(route) = request.route() else { return Err(refusal(404, 404, "HTTP 404 Not Found")) };
    match (route, request.method) {
        (Route::Root, "GET") => Ok(json!({})),
        (Route::Subjects, "GET") => subjects(registry, request).await,
        (Route::Subject(subject), "POST") => lookup(registry, &subject, request).await,
        (Route::Subject(subject), "DELETE") => delete_subject(registry, &subject, request).await,
        (Route::Versions(subject), "GET") => {
            let versions = registry.versions(&subject, request.scope()).await;
            Ok(json!(versions.map_err(|error| in_subject(&subject, error))?))
        }
        (Route::Versions(subject), "POST") => register(registry, &subject, request).await,
        (Route::Version(subject, version), "GET") => {
            Ok(registered(&version_of(registry, &subject, &version).await?))
        }
        (Route::Version(subject, version), "DELETE") => {
            delete_version(registry, [&subject, &version], request).await
        }
        (Route::VersionSchema(subject, version), "GET") => {
            raw(&version_of(registry, &subject, &version).await?.schema)
        }
        (Route::ReferencedBy(subject, version), "GET") => {
            version_of(registry, &subject, &version).await?;
            Ok(json!([]))
        }
        (Route::Id(id), "GET") => Ok(json!({ "schema": by_id(registry, &id).await? })),
        (Route::IdSchema(id), "GET") => raw(&by_id(registry, &id).await?),
        (Route::IdVersions(id), "GET") => {
            let uses = uses_of(registry, &id).await?;
            let entry = |used: &RegisteredSchema| json!({"subject": used.subject, "version": used.version});
            Ok(uses.iter().map(entry).collect())
        }
        (Route::IdSubjects(id), "GET") => {
            let uses = uses_of(registry, &id).await?;
            Ok(uses.into_iter().map(|used| Value::String(used.subject)).collect())
        }
        (Route::Types, "GET") => Ok(json!(["AVRO"])),
        (Route::Check(subject, version), "POST") => {
            check(registry, &subject, version.as_deref(), request).await
        }
        (Route::Config(subject), "GET") => level(registry, subject.as_deref(), request).await,
        (Route::Config(subject), "PUT") => set_level(registry, subject.as_deref(), request).await,
        (Route::Config(subject), "DELETE") => reset_level(registry, subject.as_deref()).await,
        (Route::Mode(subject), "GET") => match subject {
            Some(subject) if !request.flag("defaultToGlobal") => {
                let text = format!("Subject '{subject}' does not have subject-level mode configured");
                Err(refusal(404, 40409, text))
            }
            _ => Ok(json!({ "mode": "READWRITE" })),
        },
        (Route::Mode(_), "PUT" | "DELETE") => {
            Err(refusal(422, 42205, "The mode of this registry is READWRITE and cannot be changed"))
        }
        _ => Err(refusal(405, 405, "HTTP 405 Method Not Allowed")),
    }
}

async fn subjects(registry: &dyn SchemaRegistry, request: &Request<'_>) -> Answer {
    let prefix = request.parameter("subjectPrefix").unwrap_or_default();
    let mut subjects = registry.subjects(request.scope()).await.map_err(failed)?;
    subjects.retain(|subject| subject.starts_with(prefix));
    Ok(json!(subjects))
}

async fn lookup(registry: &dyn SchemaRegistry, subject: &str, request: &Request<'_>) -> Answer {
    let schema = posted_schema(request)?;
    registry.versions(subject, Scope::Live).await.map_err(|error| in_subject(subject, error))?;
    let history = registry.history(subject).await.map_err(failed)?;
    let known = find(&history, &schema).map_err(failed)?;
    known.map(registered).ok_or_else(|| refusal(404, 40403, "Schema not found"))
}

async fn register(registry: &dyn SchemaRegistry, subject: &str, request: &Request<'_>) -> Answer {
    let schema = posted_schema(request)?;
    let id = registry.register(subject, &schema).await.map_err(failed)?;
    Ok(json!({ "id": id }))
}

async fn delete_subject(registry: &dyn SchemaRegistry, subject: &str, request: &Request<'_>) -> Answer {
    let all = registry.versions(subject, Scope::WithDeleted).await;
    all.map_err(|error| in_subject(subject, error))?;
    let is_live = registry.versions(subject, Scope::Live).await.is_ok();
    match request.deletion() {
        Deletion::Soft if !is_live => {
            let text =
                format!("Subject '{subject}' was soft deleted. Set permanent=true to delete permanently");
            Err(refusal(404, 40404, text))
        }
        Deletion::Permanent if is_live => {
            let text = format!("Subject '{subject}' was not deleted first before being permanently deleted");
            Err(refusal(404, 40405, text))
        }
        deletion => {
            let versions = registry.delete_subject(subject, deletion).await;
            Ok(json!(versions.map_err(|error| in_subject(subject, error))?))
        }
    }
}

async fn delete_version(
    registry: &dyn SchemaRegistry,
    [subject, version]: [&str; 2],
    request: &Request<'_>,
) -> Answer {
    let all = registry.versions(subject, Scope::WithDeleted).await;
    let all = all.map_err(|error| in_subject(subject, error))?;
    let number = match request::version(version).ok_or_else(|| bad_version(version))? {
        SchemaVersion::Number(number) => number,
        SchemaVersion::Latest => version_of(registry, subject, version).await?.version,
    };
    if !all.contains(&number) {
        return Err(no_version(number));
    }
    let live = registry.versions(subject, Scope::Live).await.unwrap_or_default();
    let deletion = request.deletion();
    match (deletion, live.contains(&number)) {
        (Deletion::Soft, false) => {
            let text = format!(
                "Subject '{subject}' Version {number} was soft deleted. Set permanent=true to delete permanently"
            );
            Err(refusal(404, 40406, text))
        }
        (Deletion::Permanent, true) => {
            let text = format!(
                "Subject '{subject}' Version {number} was not deleted first before being permanently deleted"
            );
            Err(refusal(404, 40407, text))
        }
        _ => {
            registry.delete_version(subject, number, deletion).await.map_err(failed)?;
            Ok(json!(number))
        }
    }
}

async fn version_of(
    registry: &dyn SchemaRegistry,
    subject: &str,
    version: &str,
) -> Result<RegisteredSchema, RestAnswer> {
    let wanted = request::version(version).ok_or_else(|| bad_version(version))?;
    match registry.schema(subject, wanted).await {
        Err(Error::NotFound(_)) => {
            registry.versions(subject, Scope::Live).await.map_err(|error| in_subject(subject, error))?;
            Err(no_version(version))
        }
        found => found.map_err(failed),
    }
}

async fn by_id(registry: &dyn SchemaRegistry, id: &str) -> Result<String, RestAnswer> {
    // Confluent answers a path that is no number as if there were no such path.
    let number = id.parse().map_err(|_| refusal(404, 404, "HTTP 404 Not Found"))?;
    registry.by_id(number).await.map_err(|error| match error {
        Error::NotFound(_) => refusal(404, 40403, format!("Schema {id} not found")),
        other => failed(other),
    })
}

/// Every version that goes by this id. A registry holds few subjects, and people call this by hand.
async fn uses_of(registry: &dyn SchemaRegistry, id: &str) -> Result<Vec<RegisteredSchema>, RestAnswer> {
    by_id(registry, id).await?;
    let mut uses = Vec::new();
    for subject in registry.subjects(Scope::Live).await.map_err(failed)? {
        let history = registry.history(&subject).await.map_err(failed)?;
        uses.extend(history.into_iter().filter(|known| known.id.to_string() == id));
    }
    Ok(uses)
}

async fn check(
    registry: &dyn SchemaRegistry,
    subject: &str,
    version: Option<&str>,
    request: &Request<'_>,
) -> Answer {
    let schema = posted_schema(request)?;
    let history = match version {
        None => registry.history(subject).await.map_err(failed)?,
        Some(text) => match request::version(text).ok_or_else(|| bad_version(text))? {
            SchemaVersion::Latest => {
                let mut history = registry.history(subject).await.map_err(failed)?;
                history.split_off(history.len().saturating_sub(1))
            }
            SchemaVersion::Number(number) => {
                let known = registry.schema(subject, SchemaVersion::Number(number)).await;
                vec![known.map_err(|error| in_version(number, error))?]
            }
        },
    };
    let level = registry.level(subject).await.map_err(failed)?;
    let problems = compatibility::problems(level, &schema, &history).map_err(failed)?;
    if !request.flag("verbose") {
        return Ok(json!({ "is_compatible": problems.is_empty() }));
    }
    let messages: Vec<_> = problems.iter().map(Problem::to_string).collect();
    Ok(json!({ "is_compatible": problems.is_empty(), "messages": messages }))
}

async fn level(registry: &dyn SchemaRegistry, subject: Option<&str>, request: &Request<'_>) -> Answer {
    let level = match subject {
        Some(subject) if request.flag("defaultToGlobal") => {
            Some(registry.level(subject).await.map_err(failed)?)
        }
        subject => registry.compatibility(subject).await.map_err(failed)?,
    };
    let level = level.ok_or_else(|| {
        let subject = subject.unwrap_or_default();
        let text = format!("Subject '{subject}' does not have subject-level compatibility configured");
        refusal(404, 40408, text)
    })?;
    Ok(json!({ "compatibilityLevel": level.as_str() }))
}

async fn set_level(registry: &dyn SchemaRegistry, subject: Option<&str>, request: &Request<'_>) -> Answer {
    let body = request.object().ok_or_else(|| refusal(400, 400, "The body is no JSON object"))?;
    let name = body.get("compatibility").and_then(Value::as_str).unwrap_or_default();
    let level: Compatibility = name.parse().map_err(|_| {
        let known = Compatibility::ALL.map(Compatibility::as_str).join(", ").to_lowercase();
        refusal(422, 42203, format!("Invalid compatibility level. Valid values are {known}"))
    })?;
    registry.set_compatibility(subject, Some(level)).await.map_err(failed)?;
    Ok(json!({ "compatibility": level.as_str() }))
}

async fn reset_level(registry: &dyn SchemaRegistry, subject: Option<&str>) -> Answer {
    let old = registry.compatibility(subject).await.map_err(failed)?;
    let old = old.ok_or_else(|| no_subject(subject.unwrap_or_default()))?;
    registry.set_compatibility(subject, None).await.map_err(failed)?;
    Ok(json!({ "compatibilityLevel": old.as_str() }))
}

/// The schema in the body, after all that this registry does not do is refused.
fn posted_schema(request: &Request<'_>) -> Result<String, RestAnswer> {
    let body = request.object().ok_or_else(|| refusal(400, 400, "The body is no JSON object"))?;
    let invalid = |text: &str| refusal(422, 42201, text);
    let kind = body.get("schemaType").and_then(Value::as_str).unwrap_or("AVRO");
    if kind != "AVRO" {
        return Err(invalid(&format!("Invalid schema type {kind}: this registry keeps AVRO")));
    }
    if is_given(&body, "references") {
        return Err(invalid("Invalid schema: this registry keeps schemas without references"));
    }
    if is_given(&body, "ruleSet") {
        return Err(refusal(422, 42210, "Invalid rule set: this registry keeps schemas without rules"));
    }
    if body.get("id").and_then(Value::as_i64).is_some_and(|id| id > 0) {
        return Err(refusal(
            422,
            42205,
            "The id of a schema is given by the registry, which is not in import mode",
        ));
    }
    let schema = body.get("schema").and_then(Value::as_str).filter(|schema| !schema.is_empty());
    let schema = schema.ok_or_else(|| invalid("Empty schema"))?;
    parsed::Schema::parse(schema).map_err(|error| invalid(&format!("Invalid schema: {error}")))?;
    Ok(schema.to_owned())
}

fn is_given(body: &Map<String, Value>, key: &str) -> bool {
    match body.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    }
}

fn registered(known: &RegisteredSchema) -> Value {
    let RegisteredSchema { subject, id, version, schema } = known;
    json!({ "subject": subject, "version": version, "id": id, "schema": schema })
}

fn raw(schema: &str) -> Answer {
    serde_json::from_str(schema).map_err(|error| failed(Error::Corrupt(format!("a stored schema: {error}"))))
}
