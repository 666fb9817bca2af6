//! What the frame of a page says of who looks at it; kept beside the request, because pages render themselves.

use super::Access;
use super::identity::{How, Identity};
use maud::{Markup, html};
use std::future::Future;

tokio::task_local! {
    static FRAME: Frame;
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    open: bool,
    name: Option<String>,
    session: bool,
}

impl Frame {
    pub(super) fn of(access: &Access, identity: &Identity) -> Self {
        let known = !matches!(identity.how, How::Open | How::Nobody);
        Self {
            open: access.is_open(),
            name: known.then(|| identity.name.clone()),
            session: identity.how == How::Session,
        }
    }
}

pub(super) async fn around<F: Future>(frame: Frame, future: F) -> F::Output {
    FRAME.scope(frame, future).await
}

/// Whether whoever looks may say under which name they decide: where all is open.
pub(crate) fn asks_for_name() -> bool {
    FRAME.try_with(|frame| frame.open).unwrap_or(true)
}

/// For the head of each page: who is signed in, or that everyone may do everything.
pub(crate) fn corner() -> Markup {
    let frame = FRAME.try_with(Clone::clone).ok();
    html! {
        @match frame {
            Some(Frame { open: true, .. }) => {
                span.access role="note" title="Whoever reaches this address may do everything, under any name. orgloop token create closes it." { "open: no sign-in" }
            }
            Some(Frame { name: Some(name), session, .. }) => {
                span.access {
                    (name)
                    @if session { form.inline method="post" action="/logout" { button { "Sign out" } } }
                }
            }
            _ => {}
        }
    }
}
