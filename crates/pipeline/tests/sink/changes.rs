//! What the copy makes of each kind of change.

use crate::bench::Bench;
use crate::values::{Owner, id, named, place};
use entity::Organization;
use events::topics::Product::{Location, Organization as OrganizationTopic, Service};

pub(crate) async fn rows_come_change_and_go(bench: &Bench) {
    let owner = Owner::alone(1);
    bench
        .settle_with(vec![
            bench.organization(1, 10, named("Harbor")),
            bench.location(place(100, "Pier"), 10, owner),
            bench.service(200, 10, owner, ("Meals", &[100, 100])),
        ])
        .await;
    let target = &bench.target;
    let one = async |query: &str| target.texts(query).await.join(" | ");
    assert_eq!(one("SELECT name || year_incorporated || version FROM organization").await, "Harbor198710");
    let parent = one("SELECT CAST(parent_organization_id AS TEXT) FROM organization").await;
    assert_eq!(parent, id(999).to_string());
    let names = "SELECT name FROM organization_alternate_name ORDER BY position";
    assert_eq!(one(names).await, "Harbor Inc | The Harbor");
    assert_eq!(one("SELECT scheme || ' ' || identifier FROM organization_identifier").await, "US-EIN Harbor");
    assert_eq!(one("SELECT city FROM address ORDER BY position").await, "Pier | Oakland");
    let phones =
        "SELECT coalesce(CAST(location_id AS TEXT), CAST(service_id AS TEXT), 'own') || ' ' || number
                  FROM phone ORDER BY 1";
    let (pier, meals) = (id(100), id(200));
    assert_eq!(one(phones).await, format!("{pier} Pier | {meals} Meals | own 555 | own Harbor"));
    let places = one("SELECT CAST(location_id AS TEXT) FROM service_at_location").await;
    assert_eq!(places, pier.to_string());
    assert_eq!(target.texts(&member_query(bench)).await, [id(1).to_string()]);
    assert_eq!(
        one("SELECT CAST(extra AS TEXT) FROM organization").await.replace(' ', ""),
        r#"{"beds":12.5,"licence":{"type":"Harbor"}}"#
    );

    let fewer = Organization { name: Some("Harbour".into()), ..Organization::default() };
    bench
        .settle_with(vec![
            bench.organization(1, 11, fewer),
            bench.location(entity::Location { addresses: vec![], ..place(100, "Dock") }, 11, owner),
            bench.service(200, 11, owner, ("Hot meals", &[])),
        ])
        .await;
    assert_eq!(bench.names().await, ["Harbour"]);
    assert_eq!(one("SELECT name FROM location").await, "Dock");
    assert_eq!(one("SELECT number FROM phone ORDER BY 1").await, "Dock | Hot meals");
    for gone in ["organization_alternate_name", "organization_identifier", "address", "service_at_location"] {
        assert_eq!(target.count(gone).await, 0, "{gone}");
    }

    bench
        .settle_with(vec![
            bench.organization_delete(1, 12),
            bench.tombstone(OrganizationTopic, 1, 12, 1),
            bench.location_delete(100, 12, 1),
            bench.tombstone(Location, 100, 12, 1),
            bench.tombstone(Service, 200, 12, 1),
        ])
        .await;
    let left: Vec<_> =
        target.dump().await.into_iter().filter(|row| !row.starts_with("sink_version")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(one("SELECT DISTINCT op || version FROM sink_version").await, "delete12");
}

fn member_query(bench: &Bench) -> String {
    let unfold =
        if bench.target.is_sqlite() { "json_each(members)" } else { "jsonb_array_elements_text(members)" };
    format!("SELECT value FROM organization, {unfold}")
}

pub(crate) async fn a_tombstone_alone_deletes(bench: &Bench) {
    bench
        .settle_with(vec![
            bench.organization(1, 10, named("Harbor")),
            bench.organization(2, 10, named("Elm")),
        ])
        .await;
    // Compaction took the delete event, and the key is not even known here.
    bench
        .settle_with(vec![
            bench.tombstone(OrganizationTopic, 1, 11, 1),
            bench.tombstone(OrganizationTopic, 3, 11, 3),
        ])
        .await;
    assert_eq!(bench.names().await, ["Elm"]);
    // A late duplicate of what was there before brings nothing back, known or not.
    bench
        .settle_with(vec![bench.organization(1, 10, named("Harbor")), bench.organization(3, 9, named("Oak"))])
        .await;
    assert_eq!(bench.names().await, ["Elm"]);
}

pub(crate) async fn an_absorbed_id_redirects_and_lives_again_after_an_undo(bench: &Bench) {
    let redirects = async || {
        let query =
            "SELECT CAST(absorbed_id AS TEXT) || '>' || CAST(survivor_id AS TEXT) FROM organization_redirect
                     ORDER BY 1";
        bench.target.texts(query).await
    };
    let before = [1, 2, 3].map(|number| bench.organization(number, 10, named(&format!("Org {number}"))));
    bench.settle_with(before.into()).await;
    // 3 into 2, then 2 into 1: chains come flattened.
    bench.settle_with(vec![bench.organization(2, 11, named("Org 2")), bench.redirect(3, 11, 2)]).await;
    assert_eq!(redirects().await, [format!("{}>{}", id(3), id(2))]);
    bench
        .settle_with(vec![
            bench.organization(1, 12, named("Org 1")),
            bench.redirect(2, 12, 1),
            bench.redirect(3, 12, 1),
        ])
        .await;
    assert_eq!(bench.names().await, ["Org 1"]);
    assert_eq!(redirects().await, [format!("{}>{}", id(2), id(1)), format!("{}>{}", id(3), id(1))]);
    assert_eq!(bench.target.count("organization_identifier").await, 1);
    assert_eq!(bench.target.count("phone").await, 2);

    // The first merge is undone while the second holds.
    bench
        .settle_with(vec![
            bench.organization(1, 13, named("Org 1")),
            bench.redirect(2, 13, 1),
            bench.organization(3, 13, named("Org 3")),
        ])
        .await;
    assert_eq!(bench.names().await, ["Org 1", "Org 3"]);
    assert_eq!(redirects().await, [format!("{}>{}", id(2), id(1))]);
    // The redirect that came before does not take it away again; nor does its end leave a row behind.
    bench.settle_with(vec![bench.redirect(3, 12, 1), bench.tombstone(OrganizationTopic, 2, 14, 2)]).await;
    assert_eq!(bench.names().await, ["Org 1", "Org 3"]);
    assert_eq!(redirects().await, [""; 0]);
}

pub(crate) async fn children_follow_the_golden_record(bench: &Bench) {
    bench.settle_with(vec![bench.location(place(100, "Pier"), 10, Owner::alone(2))]).await;
    bench.settle_with(vec![bench.location(place(100, "Pier"), 11, Owner { golden: 1, record: 2 })]).await;
    let owners = async |table: &str| {
        bench.target.texts(&format!("SELECT CAST(organization_id AS TEXT) FROM {table}")).await
    };
    assert_eq!(owners("location").await, [id(1).to_string()]);
    assert_eq!(owners("phone").await, [id(1).to_string()]);
    let source = bench.target.texts("SELECT CAST(source_organization_id AS TEXT) FROM location").await;
    assert_eq!(source, [id(2).to_string()]);
    bench.settle_with(vec![bench.location(place(100, "Pier"), 12, Owner::alone(2))]).await;
    assert_eq!(owners("location").await, [id(2).to_string()]);
}

pub(crate) async fn a_moved_child_stays_whichever_partition_is_read_first(bench: &Bench) {
    let old = 1;
    let new = (2..).find(|number| bench.partition_of(*number) != bench.partition_of(old)).unwrap();
    let mut number = 100;
    // The move may be in the batch right after the last change, so that the tombstone has that change's version.
    for (before, moved) in [(10, 20), (19, 20)] {
        for order in [vec![vec![0], vec![1]], vec![vec![1], vec![0]], vec![vec![0, 1]], vec![vec![1, 0]]] {
            number += 1;
            let row = place(number, "Pier");
            bench.settle_with(vec![bench.location(row.clone(), before, Owner::alone(old))]).await;
            let events = [
                bench.location(row, moved, Owner::alone(new)),
                bench.tombstone(Location, number, moved - 1, old),
            ];
            assert_ne!(events[0].partition, events[1].partition);
            for batch in &order {
                bench.settle_with(batch.iter().map(|which| events[*which].clone()).collect()).await;
            }
            let owner = bench.target.texts("SELECT CAST(organization_id AS TEXT) FROM location").await;
            assert_eq!(owner, [id(new).to_string()], "{before} {order:?}");
            bench.settle_with(vec![bench.location_delete(number, moved + 1, new)]).await;
            assert_eq!(bench.target.count("location").await, 0);
        }
    }
}

pub(crate) async fn a_truncated_golden_record_is_whole_in_the_copy(bench: &Bench) {
    let places: Vec<_> = (0..1_200).map(|number| place(10_000 + number, &format!("Site {number}"))).collect();
    let stubs = places.iter().cloned().map(|mut place| {
        place.addresses.clear();
        place.phones.clear();
        place
    });
    let organization = Organization { locations: stubs.collect(), ..named("Chain") };
    let mut events = vec![bench.organization(1, 10, organization)];
    events.extend(places.into_iter().map(|place| bench.location(place, 10, Owner::alone(1))));
    bench.settle_with(events).await;
    let own = bench.target.texts("SELECT CAST(count(DISTINCT location_id) AS TEXT) FROM address").await;
    assert_eq!(own, ["1200"]);
    assert_eq!(bench.target.count("location").await, 1_200);
    assert_eq!(bench.target.count("phone").await, 1_202);
    // Another event of the organization leaves them alone.
    bench.settle_with(vec![bench.organization(1, 11, named("Chain"))]).await;
    assert_eq!(bench.target.count("location").await, 1_200);
    assert_eq!(bench.target.count("phone").await, 1_202);
}

pub(crate) async fn a_child_may_come_before_and_stay_after_its_organization(bench: &Bench) {
    bench.settle_with(vec![bench.location(place(100, "Pier"), 10, Owner::alone(1))]).await;
    assert_eq!(bench.target.count("location").await, 1);
    bench.settle_with(vec![bench.organization(1, 10, named("Harbor"))]).await;
    bench
        .settle_with(vec![bench.organization_delete(1, 11), bench.tombstone(OrganizationTopic, 1, 11, 1)])
        .await;
    assert_eq!((bench.target.count("organization").await, bench.target.count("location").await), (0, 1));
    assert_eq!(bench.target.count("phone").await, 1, "the location's own telephone");
    bench.settle_with(vec![bench.location_delete(100, 11, 1)]).await;
    assert_eq!((bench.target.count("location").await, bench.target.count("phone").await), (0, 0));
}
