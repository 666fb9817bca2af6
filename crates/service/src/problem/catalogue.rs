//! The types of problems: a stable name, a status, a title, and what to do about each.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($kind:ident $status:ident $name:literal $title:literal $advice:literal;)+) => {
        /// A type of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($kind,)+ }

        impl Kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind,)+];

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)+ }
            }

            /// The stable name: what stands after `/problems/`.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)+ }
            }

            /// What it means and what to do, for the page that the type leads to.
            pub(crate) fn advice(self) -> &'static str {
                match self { $(Self::$kind => $advice,)+ }
            }
        }
    };
}

kinds! {
    Malformed BAD_REQUEST "malformed" "The request cannot be read"
        "The path, the query, a header or the JSON of the body is not well formed. The detail names the place.";
    IdempotencyKeyMissing BAD_REQUEST "idempotency-key-missing" "This needs an Idempotency-Key"
        "Send an Idempotency-Key header that is new for each merge, split or batch, such as a UUID; the same key again gives the same answer.";
    Unauthenticated UNAUTHORIZED "unauthenticated" "Say who you are"
        "Send `Authorization: Bearer` with a token that is valid, or sign in at `/login`. Whoever runs the service makes tokens with `orgloop token create`.";
    MissingRole FORBIDDEN "missing-role" "Your roles do not allow this"
        "The member `role` names the role that it needs. Ask whoever runs the service for it.";
    CrossSite FORBIDDEN "cross-site" "The request came from another site"
        "A browser says that another site caused this request. Writes are taken from this service's own pages and from programs.";
    NeedsSecondApproval FORBIDDEN "needs-second-approval" "Somebody else has to approve it"
        "Batches, and merges of many members, are approved by another person than the one who asked for them: ask a colleague.";
    NotFound NOT_FOUND "not-found" "Not there"
        "Nothing goes by this id or path.";
    MethodNotAllowed METHOD_NOT_ALLOWED "method-not-allowed" "Not this method"
        "The path is there, but not for this method; the Allow header lists those that are.";
    MergedEntity CONFLICT "merged-entity" "The organization was merged into another"
        "Writes are never redirected in silence. Address the survivor, which the problem names, or undo the merge.";
    OwnedBySource CONFLICT "owned-by-source" "The row belongs to its source"
        "Imported rows are deleted by their source only: delete it there and import again with --snapshot.";
    OtherMembers CONFLICT "other-members" "The organization is made of several records"
        "The member `members` lists them. Delete all of them with ?members=all, or undo the merges first; then each record stands by itself again.";
    StaleMembers CONFLICT "stale-members" "A member of the merge has changed"
        "One of expected_versions no longer holds, or a member came or went. The member `changed` names them, `current` has the versions of now: ask for a preview again and decide anew.";
    PreviewExpired CONFLICT "preview-expired" "The preview no longer holds"
        "What preview_digest names is not what this merge would be now. The member `changed` says what differs: the organizations, the versions, the choices or the policy. Ask for a preview again and decide anew.";
    RequestRunning CONFLICT "request-running" "The same request is under way"
        "A request with this Idempotency-Key has no answer yet. Wait for it, or ask again in a moment: it is not done twice.";
    BatchClosed CONFLICT "batch-closed" "The batch is not in that state"
        "It waits for no approval, or has ended: it was approved, turned down or taken back before. The member `state` says how far it is.";
    ClusterSettled CONFLICT "cluster-settled" "Nothing is left to decide"
        "The members of the cluster belong to one organization already.";
    DecisionNotFinal CONFLICT "decision-not-final" "The decision is still being applied"
        "Wait until its state is applied or refused.";
    ClaimLost CONFLICT "claim-lost" "Somebody else holds the cluster"
        "Who looks at a cluster holds it for a while. Take another one, or wait until the claim ends: the problem says when.";
    NotCertified CONFLICT "not-certified" "The sample does not prove it"
        "The bound that the answers give is below the precision that was asked for, or answers are still missing. Draw a larger sample, answer all of it, or ask for less.";
    CertificateWithdrawn CONFLICT "certificate-withdrawn" "The certificate is worth nothing now"
        "It expired, later answers broke it, or another model is live. Draw a new sample and certify anew.";
    Stale PRECONDITION_FAILED "stale" "It has changed since it was read"
        "The If-Match header names an older state. Read again, and decide anew on what is there now.";
    TooLarge PAYLOAD_TOO_LARGE "too-large" "The body is too large"
        "A body may have 10 MiB. Import larger amounts with the command line.";
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" "The body is not JSON"
        "Send the body as application/json.";
    Invalid UNPROCESSABLE_ENTITY "invalid" "A field is not as it should be"
        "The member `errors` names each field and what is wrong with it.";
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency-key-reused" "The Idempotency-Key belongs to another request"
        "Give each request a key of its own; repeat a key only with the same request.";
    PreconditionRequired PRECONDITION_REQUIRED "precondition-required" "Say what you have seen"
        "Send the ETag of the state that you decided on as If-Match, so that nobody's change is overwritten.";
    PreviewRequired PRECONDITION_REQUIRED "preview-required" "Say which preview you have seen"
        "A merge cites the preview that it was decided on: POST the same organizations to /v1/merge-previews, and send its digest as preview_digest and its expected_versions as they are.";
    TooManyRequests TOO_MANY_REQUESTS "too-many-requests" "Too much at once"
        "Wait for as many seconds as the Retry-After header says, and ask for less at once.";
    Internal INTERNAL_SERVER_ERROR "internal" "Something broke inside"
        "It is not your request's fault. The log of the service says what it is.";
    OrganizationsUnavailable BAD_GATEWAY "organizations-unavailable" "The organizations did not answer"
        "The review reaches the organizations over HTTP, and they gave no usable answer. Try again in a moment.";
    Unavailable SERVICE_UNAVAILABLE "unavailable" "Not available now"
        "A store, a topic or the index is away or busy. Try again in a moment.";
    TooManyStreams SERVICE_UNAVAILABLE "too-many-streams" "Too many streams are open"
        "Each stream keeps a connection and a reader. Close those that are not needed, or read page by page with `from` and `wait`.";
    NotReady SERVICE_UNAVAILABLE "not-ready" "A stage stands still"
        "The member `stages` names what does not move, and why.";
    Timeout GATEWAY_TIMEOUT "timeout" "It took too long"
        "The request took longer than 60 seconds and was given up. Ask for less at once.";
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_one_to_one() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| !kind.status().is_success() && !kind.advice().is_empty()));
    }
}
