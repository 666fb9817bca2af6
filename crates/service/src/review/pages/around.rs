//! What lies around the members: how many records share what they share, and which belong to them without being them.

use super::look::Look;
use crate::page::count;
use crate::problem::Result;
use crate::review::Room;
use crate::review::client::MemberRecord;
use crate::review::relations::{RelationView, related};
use entity::RecordId;
use index::{Block, Candidate, StoredDocument};
use maud::{Markup, html};
use std::collections::{BTreeSet, HashMap};

/// Members that are looked around.
const MEMBERS_MAX: usize = 12;
/// Records that are compared with them.
const NEAR_MAX: usize = 200;
/// Shared values and related records shown.
const SHOWN: usize = 12;
/// What a value that records share is called, by the kind of its blocking key.
const KINDS: [(&str, &str); 7] = [
    ("id", "Identifier"),
    ("phone", "Telephone, last digits"),
    ("mail", "Mailbox"),
    ("page", "Web page"),
    ("domain", "Domain"),
    ("street", "Number and street"),
    ("name", "All words of the name"),
];

/// A value that several members have.
struct Shared<'a> {
    kind: &'static str,
    value: &'a str,
    letters: Vec<&'a str>,
    /// Records that have it, the members among them.
    records: usize,
}

pub(super) async fn section(room: &Room, look: &Look) -> Result<Markup> {
    let ids: Vec<RecordId> = look.members.iter().take(MEMBERS_MAX).map(|member| member.record_id).collect();
    let documents = room.index.documents(&ids).await?;
    let live = room.live.look().await?;
    let keys: BTreeSet<&String> =
        documents.iter().flat_map(|one| &one.keys).filter(|key| kind(key).is_some()).collect();
    let keys: Vec<String> = keys.into_iter().cloned().collect();
    let blocks = room.index.blocks(&keys, live.model.block_size_max()).await?;
    let shared = shared(look, &documents, &blocks);
    let mut near: BTreeSet<RecordId> = nearest(&blocks).flat_map(|block| &block.ids).copied().collect();
    near.retain(|id| !ids.contains(id));
    let near = room.index.documents(&near.into_iter().collect::<Vec<_>>()).await?;
    let near: Vec<_> = near.into_iter().map(Candidate::from).collect();
    let mut relations = related(&live, &documents, &near)?;
    relations.truncate(SHOWN);
    let ids: BTreeSet<RecordId> = relations.iter().map(|(_, relation)| RecordId(relation.record)).collect();
    let records = room.organizations.records(&ids.into_iter().collect::<Vec<_>>()).await.unwrap_or_default();
    let records: HashMap<RecordId, MemberRecord> =
        records.into_iter().map(|record| (record.id, record)).collect();
    let letters = look.letters();
    Ok(html! {
        @if !shared.is_empty() { section aria-labelledby="rarity" {
            h2 #rarity { "How rare is what they share" }
            p.hint { "What many records share tells little: a switchboard, a building, a host of websites." }
            ul.plain { @for one in &shared { li {
                b { (one.kind) } " " code { (one.value) } ", of " (one.letters.join(", ")) ": "
                @if one.records <= one.letters.len() { "nobody else has it." }
                @else { (count(one.records as u64)) " records have it." }
            } } }
        } }
        @if !relations.is_empty() { section aria-labelledby="related" {
            h2 #related { "Related, and not the same" }
            ul.plain { @for (member, relation) in &relations { li {
                (relation_line(relation, letters.get(&member.0).copied().unwrap_or("?"), &records))
            } } }
        } }
    })
}

/// The smallest blocks, as long as they are of few records together: a page is not to wait for a switchboard's.
fn nearest(blocks: &[Block]) -> impl Iterator<Item = &Block> {
    let mut smallest: Vec<&Block> = blocks.iter().collect();
    smallest.sort_by_key(|block| block.ids.len());
    let mut records = 0;
    smallest.into_iter().take_while(move |block| {
        records += block.ids.len();
        records <= NEAR_MAX
    })
}

fn kind(key: &str) -> Option<(&'static str, &str)> {
    let (kind, value) = key.split_once(':')?;
    // A street without a number is a key of its own: its value begins with a colon.
    let (_, label) = KINDS.iter().find(|(name, _)| *name == kind)?;
    Some((*label, value.trim_start_matches(':')))
}

/// The rarest first.
fn shared<'a>(look: &'a Look, documents: &[StoredDocument], blocks: &'a [Block]) -> Vec<Shared<'a>> {
    let holds = |record: RecordId, key: &String| {
        documents.iter().any(|one| one.id == record && one.keys.contains(key))
    };
    let shared = blocks.iter().filter_map(|block| {
        let (kind, value) = kind(&block.key)?;
        let holders = look.members.iter().filter(|member| holds(member.record_id, &block.key));
        let letters: Vec<&str> = holders.map(|member| member.letter.as_str()).collect();
        (letters.len() > 1).then_some(Shared { kind, value, letters, records: block.size })
    });
    let mut shared: Vec<Shared<'_>> = shared.collect();
    shared.sort_by(|a, b| a.records.cmp(&b.records).then_with(|| (a.kind, a.value).cmp(&(b.kind, b.value))));
    shared.truncate(SHOWN);
    shared
}

fn relation_line(relation: &RelationView, letter: &str, records: &HashMap<RecordId, MemberRecord>) -> Markup {
    let record = records.get(&RecordId(relation.record));
    html! {
        b { (record.map_or("A record", MemberRecord::shown_name)) }
        @if let Some(record) = record { " (" (record.source) " " (record.source_id) ")" }
        @if relation.parent == relation.record { " has several places; " (letter) " is one of its sites." }
        @else { " is a site of " (letter) "." }
    }
}
