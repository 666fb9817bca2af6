//! What is answered when something cannot be done: the statuses, codes and texts of the Confluent registry.

use super::RestAnswer;
use crate::error::Error;
use serde_json::json;

pub(super) fn refusal(status: u16, code: u32, message: impl Into<String>) -> RestAnswer {
    RestAnswer { status, body: json!({ "error_code": code, "message": message.into() }) }
}

pub(super) fn no_subject(subject: &str) -> RestAnswer {
    refusal(404, 40401, format!("Subject '{subject}' not found."))
}

pub(super) fn no_version(version: impl std::fmt::Display) -> RestAnswer {
    refusal(404, 40402, format!("Version {version} not found."))
}

pub(super) fn bad_version(version: &str) -> RestAnswer {
    let known = "Allowed values are between [1, 2^31-1] and the string \"latest\"";
    refusal(422, 42202, format!("The specified version '{version}' is not a valid version id. {known}"))
}

pub(super) fn in_subject(subject: &str, error: Error) -> RestAnswer {
    if matches!(error, Error::NotFound(_)) { no_subject(subject) } else { failed(error) }
}

pub(super) fn in_version(version: i32, error: Error) -> RestAnswer {
    if matches!(error, Error::NotFound(_)) { no_version(version) } else { failed(error) }
}

#[expect(clippy::needless_pass_by_value, reason = "it ends the error's way, in every map_err")]
pub(super) fn failed(error: Error) -> RestAnswer {
    match &error {
        Error::Incompatible { subject, version, problem } => {
            let earlier = "Schema being registered is incompatible with an earlier schema for subject";
            refusal(409, 409, format!("{earlier} \"{subject}\", details: version {version}: {problem}"))
        }
        Error::Invalid(text) => refusal(422, 42201, text),
        Error::NotFound(what) => refusal(404, 404, format!("{what} not found")),
        Error::Transient { .. } | Error::Corrupt(_) | Error::Fenced { .. } | Error::TooLarge { .. } => {
            tracing::error!(error = &error as &dyn std::error::Error, "the schema registry could not answer");
            refusal(500, 50001, "Error in the backend data store")
        }
    }
}
