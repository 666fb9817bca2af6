//! Where the types of problems lead: what each means and what to do.

use crate::page::{Page, PageProblem, Place};
use crate::problem::{Kind, Problem};
use axum::extract::Path;
use maud::html;

pub(super) async fn list() -> Page {
    let content = html! {
        h1 { "Problems" }
        p.lead { "Each answer that says no names one of these types. They keep their meaning; sentences may change." }
        div.scroll { table {
            thead { tr { th scope="col" { "Type" } th.n scope="col" { "Status" } th scope="col" { "What to do" } } }
            tbody { @for kind in Kind::ALL { tr {
                th scope="row" { a href={ "/problems/" (kind.name()) } { code { (kind.name()) } } }
                td.n { (kind.status().as_u16()) }
                td { b { (kind.title()) ". " } (kind.advice()) }
            } } }
        } }
    };
    Page::new("Problems", Place::Api, content)
}

pub(super) async fn show(Path(name): Path<String>) -> Result<Page, PageProblem> {
    let kind = Kind::ALL.iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| Problem::not_found(format!("the problem {name:?}")))?;
    let content = html! {
        p { a href="/problems" { "All problems" } }
        h1 { (kind.title()) }
        p { code { (kind.name()) } ", status " (kind.status().as_u16()) }
        p.lead { (kind.advice()) }
    };
    Ok(Page::new(kind.title(), Place::Api, content))
}
