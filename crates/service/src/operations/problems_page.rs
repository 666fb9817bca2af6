//! Where the types of problems lead: what each means and what to do.

use super::Room;
use crate::page::framed;
use crate::problem::{Kind, Problem, Result};
use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

pub(super) async fn list(State(_room): State<Room>) -> Response {
    let content = html! {
        h1 { "Problems" }
        p { "Each answer that says no names one of these types." }
        dl {
            @for kind in Kind::ALL {
                dt { a href={ "/problems/" (kind.name()) } { code { (kind.name()) } } " · " (kind.status().as_u16()) }
                dd { (kind.title()) }
            }
        }
    };
    framed("Problems", &content)
}

pub(super) async fn show(Path(name): Path<String>) -> Result<Response> {
    let kind = Kind::ALL.iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| Problem::not_found(format!("a problem {name:?}")))?;
    let content = html! {
        p { a href="/problems" { "All problems" } }
        h1 { (kind.title()) }
        p { code { (kind.name()) } ", status " (kind.status().as_u16()) }
        p { (kind.advice()) }
    };
    Ok(framed(kind.title(), &content))
}
