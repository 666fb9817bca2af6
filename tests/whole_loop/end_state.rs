//! The end-state check: source rows, topics, index, clusters and SQL copy agree, key by key.

use crate::backend::Backend;
use entity::event::{
    ClusterChanged, LocationChanged, Op, OrganizationChanged, RecordChanged, RedirectChanged, ServiceChanged,
};
use entity::{Family, JudgementVerdict, OrganizationId, Record, RecordId};
use events::log::{Position, TopicPartition};
use golden::Projection;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;
use store::resolution::{ClusterPage, OpenOnly};

/// Everything that does not agree, a line each; empty when all is well.
pub(crate) async fn differences(backend: &Backend) -> Vec<String> {
    let mut found = Vec::new();
    let family = whole_family(backend).await;
    let projection = golden::project(&family);
    topics(backend, &family, &projection, &mut found).await;
    index(backend, &family, &mut found).await;
    clusters(backend, &family, &mut found).await;
    copy(backend, &family, &projection, &mut found).await;
    found
}

async fn whole_family(backend: &Backend) -> Family {
    let (organizations, _) = backend.organizations().await;
    let mut family = Family::default();
    let mut after = None;
    loop {
        let page = organizations.list(after, 200).await.unwrap();
        let Some(last) = page.last() else { return family };
        after = Some(*last);
        let ids: Vec<_> = page.into_iter().map(RecordId::from).collect();
        let part = organizations.family(&ids).await.unwrap();
        family.records.extend(part.records);
        family.links.extend(part.links);
        family.facts.extend(part.facts);
        family.choices.extend(part.choices);
        family.changed_at.extend(part.changed_at);
        family.policy = part.policy;
    }
}

/// The newest value of each key, by version; keys that ended are left out.
async fn state<T: DeserializeOwned>(
    backend: &Backend,
    topic: &str,
    ended: impl Fn(&T) -> bool,
) -> BTreeMap<String, T> {
    let log = backend.log().await;
    let codec = backend.codec().await;
    let topics = log.topics().await.unwrap();
    let Some(description) = topics.into_iter().find(|described| described.name == topic) else {
        return BTreeMap::new();
    };
    let mut newest: BTreeMap<String, (i64, Option<T>)> = BTreeMap::new();
    for range in description.partitions {
        let at = TopicPartition { topic: topic.to_owned(), partition: range.partition };
        let mut position = Position { at, offset: range.start };
        while position.offset < range.end {
            let events = log.read(&position, 1000, Duration::from_secs(2)).await.unwrap();
            let Some(last) = events.last() else { break };
            position.offset = last.offset + 1;
            for event in events {
                let key = String::from_utf8(event.key.clone()).unwrap();
                let version: i64 = event.header("version").unwrap_or("0").parse().unwrap();
                let value = match &event.value {
                    Some(bytes) => match codec.decode::<T>(bytes).await {
                        Ok(value) => Some(value).filter(|value| !ended(value)),
                        Err(_) => continue,
                    },
                    None => None,
                };
                let known = newest.get(&key).map_or(-1, |(version, _)| *version);
                if version >= known {
                    newest.insert(key, (version, value));
                }
            }
        }
    }
    newest.into_iter().filter_map(|(key, (_, value))| value.map(|value| (key, value))).collect()
}

fn compare<T: PartialEq + Debug>(
    what: &str,
    wanted: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    differences: &mut Vec<String>,
) {
    for (key, value) in wanted {
        match found.get(key) {
            None => differences.push(format!("{what}: {key} is missing")),
            Some(other) if other != value => {
                differences.push(format!("{what}: {key} differs:\n   wanted {value:?}\n   found  {other:?}"));
            }
            Some(_) => {}
        }
    }
    let ghosts = found.keys().filter(|key| !wanted.contains_key(*key));
    differences.extend(ghosts.map(|key| format!("{what}: {key} should not be there")));
}

async fn topics(backend: &Backend, family: &Family, projection: &Projection, found: &mut Vec<String>) {
    let names = &backend.names;
    let records = state::<RecordChanged>(backend, &names.record, |value| value.op == Op::Delete).await;
    let records: BTreeMap<_, _> = records.into_iter().map(|(key, value)| (key, value.organization)).collect();
    let wanted =
        family.records.iter().map(|record| (record.id.to_string(), Some(record.organization.clone())));
    compare("record topic", &wanted.collect(), &records, found);

    let clean =
        state::<OrganizationChanged>(backend, &names.organization, |value| value.op == Op::Delete).await;
    let clean: BTreeMap<_, _> = clean
        .into_iter()
        .map(|(key, value)| (key, (value.redirect_to, value.organization, value.policy)))
        .collect();
    let mut wanted: BTreeMap<String, (Option<OrganizationId>, _, _)> = BTreeMap::new();
    for (id, golden) in &projection.golden {
        let golden = golden::presented(golden.clone());
        wanted.insert(id.to_string(), (None, Some(golden.organization), golden.policy));
    }
    for (id, survivor) in &projection.redirects {
        wanted.insert(id.to_string(), (Some(*survivor), None, None));
    }
    compare("clean topic", &wanted, &clean, found);

    let redirects = state::<RedirectChanged>(backend, &names.redirect, |value| value.op == Op::Delete).await;
    let redirects = redirects.into_iter().map(|(key, value)| (key, value.redirect_to)).collect();
    let wanted = projection.redirects.iter().map(|(id, survivor)| (id.to_string(), Some(*survivor)));
    compare("redirect topic", &wanted.collect(), &redirects, found);

    let roots = family.roots();
    let locations = state::<LocationChanged>(backend, &names.location, |value| value.op == Op::Delete).await;
    let locations: BTreeMap<_, _> = locations
        .into_iter()
        .map(|(key, value)| (key, (value.organization_id, value.source_organization_id)))
        .collect();
    compare("location topic", &children(family, &roots, location_ids), &locations, found);
    let services = state::<ServiceChanged>(backend, &names.service, |value| value.op == Op::Delete).await;
    let services: BTreeMap<_, _> = services
        .into_iter()
        .map(|(key, value)| (key, (value.organization_id, value.source_organization_id)))
        .collect();
    compare("service topic", &children(family, &roots, service_ids), &services, found);
}

type Owners = (Option<OrganizationId>, Option<RecordId>);

fn location_ids(record: &Record) -> Vec<String> {
    record.organization.locations.iter().map(|location| location.id.to_string()).collect()
}

fn service_ids(record: &Record) -> Vec<String> {
    record.organization.services.iter().map(|service| service.id.to_string()).collect()
}

fn children(
    family: &Family,
    roots: &BTreeMap<RecordId, OrganizationId>,
    ids: impl Fn(&Record) -> Vec<String>,
) -> BTreeMap<String, Owners> {
    let of_record = |record: &Record| {
        let owners = (Some(roots[&record.id]), Some(record.id));
        ids(record).into_iter().map(move |id| (id, owners)).collect::<Vec<_>>()
    };
    family.records.iter().flat_map(of_record).collect()
}

async fn index(backend: &Backend, family: &Family, found: &mut Vec<String>) {
    let index = backend.index().await;
    let mut documents = BTreeMap::new();
    let mut after = None;
    loop {
        let page = index.scan(after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        documents.extend(page.into_iter().map(|document| (document.id.to_string(), document.features)));
    }
    let wanted =
        family.records.iter().map(|record| (record.id.to_string(), scoring::features(record).to_bytes()));
    compare("index", &wanted.collect(), &documents, found);
}

async fn clusters(backend: &Backend, family: &Family, found: &mut Vec<String>) {
    let resolution = backend.resolution().await;
    let page = ClusterPage { open_only: OpenOnly::All, after: None, limit: 1_000_000 };
    let stored: BTreeMap<_, BTreeSet<RecordId>> = resolution
        .clusters(&page)
        .await
        .unwrap()
        .into_iter()
        .map(|cluster| {
            (cluster.id.to_string(), cluster.members.iter().map(|member| member.record_id).collect())
        })
        .collect();
    let events =
        state::<ClusterChanged>(backend, &backend.names.duplicate_cluster, |value| value.op == Op::Delete)
            .await;
    let published = events
        .into_iter()
        .map(|(key, value)| {
            (key, value.members.unwrap_or_default().iter().map(|member| member.record_id).collect())
        })
        .collect();
    compare("cluster topic", &stored, &published, found);
    // With no decisions of people, clusters are what one batch over the records makes.
    let judged = resolution.decisions(None, 1).await.unwrap();
    if family.links.is_empty() && judged.iter().all(|decision| decision.verdict == JudgementVerdict::Match) {
        let batch: BTreeMap<_, _> =
            pipeline::batch::dedupe(&family.records, &backend.live_model().await, |_| ())
                .into_iter()
                .filter(|group| group.members.len() > 1)
                .map(|group| {
                    (group.id.to_string(), group.members.iter().map(|member| member.record_id).collect())
                })
                .collect();
        if judged.is_empty() {
            compare("clusters", &batch, &stored, found);
        }
    }
}

async fn copy(backend: &Backend, family: &Family, projection: &Projection, found: &mut Vec<String>) {
    if backend.copied_nothing_yet() {
        found.push("copy: is not there yet".into());
        return;
    }
    let organizations = backend
        .copied("SELECT lower(id), name FROM organization", "SELECT id::text, name FROM orgloop.organization")
        .await;
    let wanted = projection
        .golden
        .iter()
        .map(|(id, golden)| (id.to_string(), golden.organization.name.clone()))
        .collect();
    compare("copied organizations", &wanted, &organizations.into_iter().collect(), found);
    let redirects = backend
        .copied(
            "SELECT lower(absorbed_id), lower(survivor_id) FROM organization_redirect",
            "SELECT absorbed_id::text, survivor_id::text FROM orgloop.organization_redirect",
        )
        .await;
    let wanted =
        projection.redirects.iter().map(|(id, survivor)| (id.to_string(), Some(survivor.to_string())));
    compare("copied redirects", &wanted.collect(), &redirects.into_iter().collect(), found);
    let roots = family.roots();
    for (what, sqlite, postgres, ids) in [
        (
            "copied locations",
            "SELECT lower(id), lower(organization_id) FROM location",
            "SELECT id::text, organization_id::text FROM orgloop.location",
            location_ids as fn(&Record) -> Vec<String>,
        ),
        (
            "copied services",
            "SELECT lower(id), lower(organization_id) FROM service",
            "SELECT id::text, organization_id::text FROM orgloop.service",
            service_ids,
        ),
    ] {
        let rows = backend.copied(sqlite, postgres).await.into_iter().collect();
        let wanted = children(family, &roots, ids);
        let wanted =
            wanted.into_iter().map(|(id, (owner, _))| (id, owner.map(|owner| owner.to_string()))).collect();
        compare(what, &wanted, &rows, found);
    }
}
