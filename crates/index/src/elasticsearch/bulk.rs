//! Bulk writes under external versions, with an outcome for each item.

use super::client::Client;
use super::failure::{Reason, may_pass, refused};
use crate::error::{Error, Result};
use crate::limits;
use crate::port::{IndexWrite, WriteOutcome};
use crate::text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elasticsearch::http::Method;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

/// Bytes of one request: Elasticsearch gains nothing beyond, and a proxy may refuse more.
const REQUEST_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Documents of one request.
const REQUEST_ITEMS_MAX: usize = 2_000;
/// Requests on their way at a time; versions make their order harmless.
const REQUESTS_IN_FLIGHT: usize = 3;
const TOO_LARGE: u16 = 413;

/// A write as two lines of a request, and its place in the call.
#[derive(Debug)]
struct Item {
    place: usize,
    lines: Vec<u8>,
}

type Placed = (usize, WriteOutcome);

pub(super) async fn write(client: &Client, target: &str, writes: &[IndexWrite]) -> Result<Vec<WriteOutcome>> {
    let mut outcomes: Vec<Option<WriteOutcome>> =
        writes.iter().map(|write| limits::refusal(write).map(WriteOutcome::Rejected)).collect();
    let taken = writes.iter().enumerate().filter(|(place, _)| outcomes[*place].is_none());
    let items: Vec<Item> = taken.map(|(place, write)| Item { place, lines: lines(write) }).collect();
    let requests: Vec<_> = requests(items).into_iter().map(|items| send(client, target, items)).collect();
    let answers: Vec<Vec<Placed>> =
        stream::iter(requests).buffer_unordered(REQUESTS_IN_FLIGHT).try_collect().await?;
    for (place, outcome) in answers.into_iter().flatten() {
        outcomes[place] = Some(outcome);
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.expect("every item was answered")).collect())
}

fn lines(write: &IndexWrite) -> Vec<u8> {
    let (id, version, document) = match write {
        IndexWrite::Upsert(document) => (document.id, document.version, Some(document)),
        IndexWrite::Delete { id, version } => (*id, *version, None),
    };
    let action = json!({"index": {"_id": id, "version": version, "version_type": "external_gte"}});
    let source = match document {
        Some(document) => json!({
            "id": id,
            "version": version,
            "deleted": false,
            "keys": document.keys,
            "names": text::fold(&document.search.names),
            "places": text::fold(&document.search.places),
            "phones": text::phone_ends(&document.search.phones),
            "name": document.search.name,
            "features": STANDARD.encode(&document.features),
        }),
        // A document that says so: the server forgets a real delete after a minute, and with it the version.
        None => json!({"id": id, "version": version, "deleted": true}),
    };
    format!("{action}\n{source}\n").into_bytes()
}

/// Cuts at bytes and at count; an item larger than a request goes alone.
fn requests(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut requests: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        bytes += item.lines.len();
        match requests.last_mut() {
            Some(last) if bytes <= REQUEST_BYTES_MAX && last.len() < REQUEST_ITEMS_MAX => last.push(item),
            _ => {
                bytes = item.lines.len();
                requests.push(vec![item]);
            }
        }
    }
    requests
}

/// Sends until every item has an outcome; only items that were refused for now are sent again.
async fn send(client: &Client, target: &str, items: Vec<Item>) -> Result<Vec<Placed>> {
    let doing = doing(target);
    let mut backoff = client.backoff();
    let mut outcomes = Vec::with_capacity(items.len());
    // Halves of what was too large wait here.
    let mut waiting = vec![items];
    while let Some(items) = waiting.pop() {
        let body = items.iter().flat_map(|item| &item.lines).copied().collect::<Vec<u8>>();
        let path = format!("{target}/_bulk?require_alias=true&filter_path=items.*.status,items.*.error");
        let answer = client.send(&doing, Method::Post, &path, &body).await?;
        match answer.status {
            TOO_LARGE => halve(items, &mut waiting, &mut outcomes),
            400.. => return Err(answer.refusal(&doing, &path)),
            _ => {
                let (settled, again) = settle(target, items, answer.parse(&doing)?)?;
                outcomes.extend(settled);
                if let Some((items, failure)) = again {
                    if !backoff.wait(&doing).await {
                        return Err(failure);
                    }
                    waiting.push(items);
                }
            }
        }
    }
    Ok(outcomes)
}

fn doing(target: &str) -> String {
    format!("writing to index {target}")
}

/// What the server finds too large is tried in halves; one document alone is refused.
fn halve(mut items: Vec<Item>, waiting: &mut Vec<Vec<Item>>, outcomes: &mut Vec<Placed>) {
    if let [item] = items.as_slice() {
        let reason = format!("{} bytes are more than Elasticsearch takes in one request", item.lines.len());
        outcomes.push((item.place, WriteOutcome::Rejected(reason)));
        return;
    }
    let rest = items.split_off(items.len() / 2);
    waiting.extend([rest, items]);
}

#[derive(Debug, Deserialize)]
struct BulkAnswer {
    items: Vec<ItemAnswer>,
}

#[derive(Debug, Deserialize)]
struct ItemAnswer {
    index: ItemStatus,
}

#[derive(Debug, Deserialize)]
struct ItemStatus {
    status: u16,
    #[serde(default)]
    error: Reason,
}

type Again = Option<(Vec<Item>, Error)>;

/// Outcomes of the items that have one, and those to send again with what was said of the last.
fn settle(target: &str, items: Vec<Item>, answer: BulkAnswer) -> Result<(Vec<Placed>, Again)> {
    let doing = doing(target);
    if items.len() != answer.items.len() {
        return Err(Error::Corrupt(format!(
            "{doing}: {} outcomes for {} items",
            answer.items.len(),
            items.len()
        )));
    }
    let mut outcomes = Vec::with_capacity(items.len());
    let mut again: Again = None;
    for (item, ItemAnswer { index: ItemStatus { status, error } }) in items.into_iter().zip(answer.items) {
        match status {
            ..400 => outcomes.push((item.place, WriteOutcome::Applied)),
            409 => outcomes.push((item.place, WriteOutcome::Stale)),
            400 | TOO_LARGE if !may_pass(status, &error, target) => {
                outcomes.push((item.place, WriteOutcome::Rejected(error.text())));
            }
            _ => {
                let failure = refused(&doing, status, &error, target);
                if !matches!(failure, Error::Transient { .. }) {
                    return Err(failure);
                }
                let mut items = again.take().map_or_else(Vec::new, |(items, _)| items);
                items.push(item);
                again = Some((items, failure));
            }
        }
    }
    Ok((outcomes, again))
}
