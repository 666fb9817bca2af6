//! Remarks on clusters.

use super::decide::add_comment;
use super::{Room, clusters};
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, PathId};
use crate::responses::{CreateWithinProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::ClusterId;
use serde::{Deserialize, Serialize};
use store::review::Comment;
use utoipa::ToSchema;
use uuid::Uuid;

const CHARS_MAX: usize = 4000;

/// A remark to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentBody {
    /// What it says, 4000 characters at most.
    #[schema(max_length = 4000)]
    comment: String,
}

/// A remark on a cluster.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub(super) struct CommentView {
    id: Uuid,
    /// What it says.
    comment: String,
    /// By whom.
    written_by: String,
    /// When.
    written_at: DateTime<Utc>,
}

impl From<Comment> for CommentView {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            comment: comment.comment,
            written_by: comment.written_by,
            written_at: comment.written_at,
        }
    }
}

/// Remarks, oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CommentList {
    comments: Vec<CommentView>,
}

/// A remark that says something and is not too long.
pub(super) fn checked<'a>(field: &str, text: &'a str) -> Result<&'a str> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::invalid(field, "says nothing")),
        count if count > CHARS_MAX => {
            Err(Problem::invalid(field, format!("has {count} characters, over {CHARS_MAX}")))
        }
        _ => Ok(text),
    }
}

/// Comments on a cluster.
#[utoipa::path(post, path = "/v1/clusters/{id}/comments", operation_id = "comment", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who says so")),
    request_body = CommentBody,
    responses((status = 201, description = "The comment", body = CommentView), CreateWithinProblems))]
pub(super) async fn add(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Body(body): Body<CommentBody>,
) -> Result<(StatusCode, Json<CommentView>)> {
    let text = checked("comment", &body.comment)?;
    let cluster = clusters::cluster(&room, ClusterId(id)).await?;
    let comment = add_comment(&room, cluster.id, text, &caller.name).await?;
    Ok((StatusCode::CREATED, Json(comment.into())))
}

/// Lists the comments on a cluster, oldest first; they stay when the cluster goes.
#[utoipa::path(get, path = "/v1/clusters/{id}/comments", operation_id = "list_comments", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster")),
    responses((status = 200, description = "The comments", body = CommentList), ReadProblems))]
pub(super) async fn list(State(room): State<Room>, PathId(id): PathId) -> Result<Json<CommentList>> {
    let comments = room.store.comments(ClusterId(id)).await?;
    Ok(Json(CommentList { comments: comments.into_iter().map(CommentView::from).collect() }))
}
