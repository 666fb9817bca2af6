//! For the OpenAPI document: which problems each kind of request may be answered with.

use crate::problem::ProblemDocument;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Problems by status, each with its types.
fn problems(list: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let general = [(500, "`internal`"), (503, "`unavailable`"), (504, "`timeout`")];
    let schema = Ref::from_schema_name(ProblemDocument::name());
    let answer = |(status, types): &(u16, &str)| {
        let content = ContentBuilder::new().schema(Some(schema.clone())).build();
        let response = ResponseBuilder::new()
            .description(format!("Problem: {types}"))
            .content("application/problem+json", content)
            .build();
        (status.to_string(), RefOr::T(response))
    };
    list.iter().chain(&general).map(answer).collect()
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident [$(($status:literal, $types:literal)),* $(,)?];)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                problems(&[$(($status, $types)),*])
            }
        }
    )+};
}

problems! {
    /// Reading where nothing can be wrong with the request.
    PlainProblems [];
    /// Reading a list.
    ListProblems [(400, "`malformed`")];
    /// Reading one thing.
    ReadProblems [(400, "`malformed`"), (404, "`not-found`")];
    /// Reading one thing of the review, with what the organizations say of it.
    ReviewProblems [(400, "`malformed`"), (404, "`not-found`"), (502, "`organizations-unavailable`")];
    /// Reading what two things are to each other.
    ExplainProblems [(400, "`malformed`"), (404, "`not-found`"), (422, "`invalid`")];
    /// Asking for something that is itself in the query, as JSON.
    AskProblems [(400, "`malformed`"), (413, "`too-large`"), (422, "`invalid`")];
    /// Matching rows of others.
    MatchProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (413, "`too-large`"), (415, "`unsupported-media-type`"),
        (422, "`invalid`"),
    ];
    /// Reading a list of the review that may need the organizations.
    ReviewListProblems [(400, "`malformed`"), (422, "`invalid`"), (502, "`organizations-unavailable`")];
    /// Claiming.
    ClaimProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (409, "`claim-lost`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`"), (502, "`organizations-unavailable`"),
    ];
    /// What is done with a claim.
    ClaimedProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (409, "`claim-lost`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`"),
    ];
    /// Deciding on a cluster.
    DecideProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"),
        (409, "`cluster-settled`, `claim-lost`, `decision-not-final`"), (412, "`stale`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`, `idempotency-key-reused`"),
        (502, "`organizations-unavailable`"),
    ];
    /// Keeping two records apart, or no longer.
    ExclusionProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`"), (502, "`organizations-unavailable`"),
    ];
    /// Samples, certificates and batches.
    SamplingProblems [
        (400, "`malformed`"), (403, "`cross-site`, `needs-second-approval`"), (404, "`not-found`"),
        (409, "`certificate-withdrawn`, `not-certified`, `batch-closed`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`"), (502, "`organizations-unavailable`"),
    ];
    /// Creating.
    CreateProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (413, "`too-large`"), (415, "`unsupported-media-type`"),
        (422, "`invalid`"),
    ];
    /// Creating below an organization, or on a cluster.
    CreateWithinProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (409, "`merged-entity`, `cluster-settled`"),
        (413, "`too-large`"), (415, "`unsupported-media-type`"), (422, "`invalid`"), (502, "`organizations-unavailable`"),
    ];
    /// Editing under `If-Match`.
    EditProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (409, "`merged-entity`"), (412, "`stale`"),
        (413, "`too-large`"), (415, "`unsupported-media-type`"), (422, "`invalid`"), (428, "`precondition-required`"),
    ];
    /// Activating or trying a policy.
    PolicyProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`"),
    ];
    /// Deleting under `If-Match`.
    ConditionalProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"),
        (409, "`owned-by-source`, `other-members`, `merged-entity`"), (412, "`stale`"), (428, "`precondition-required`"),
    ];
    /// Looking at what a merge would do.
    PreviewProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (409, "`merged-entity`"),
        (413, "`too-large`"), (415, "`unsupported-media-type`"), (422, "`invalid`"),
    ];
    /// Merging.
    MergeProblems [
        (400, "`malformed`, `idempotency-key-missing`"), (403, "`cross-site`"), (404, "`not-found`"),
        (409, "`stale-members`, `preview-expired`, `merged-entity`, `request-running`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`, `idempotency-key-reused`"), (428, "`preview-required`"),
    ];
    /// Taking apart.
    SplitProblems [
        (400, "`malformed`, `idempotency-key-missing`"), (403, "`cross-site`"), (404, "`not-found`"),
        (409, "`merged-entity`, `request-running`"), (412, "`stale`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`, `idempotency-key-reused`"), (428, "`precondition-required`"),
    ];
    /// Asking for a batch.
    BatchProblems [
        (400, "`malformed`, `idempotency-key-missing`"), (403, "`cross-site`"), (404, "`not-found`"),
        (409, "`stale-members`, `preview-expired`, `merged-entity`, `request-running`"), (413, "`too-large`"),
        (415, "`unsupported-media-type`"), (422, "`invalid`, `idempotency-key-reused`"),
    ];
    /// Approving, stopping, or taking back a batch.
    ApprovalProblems [
        (400, "`malformed`"), (403, "`cross-site`, `needs-second-approval`"), (404, "`not-found`"), (409, "`batch-closed`"),
        (413, "`too-large`"), (415, "`unsupported-media-type`"), (422, "`invalid`"),
    ];
    /// Taking back.
    UndoProblems [
        (400, "`malformed`"), (403, "`cross-site`"), (404, "`not-found`"), (409, "`decision-not-final`"),
        (413, "`too-large`"), (415, "`unsupported-media-type`"), (422, "`invalid`"), (502, "`organizations-unavailable`"),
    ];
}
