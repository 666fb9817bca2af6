//! HSDS, as JSON and as a folder of tables.

use crate::support::{read_bytes, read_path, records, shared, told};
use entity::Record;
use formats::{Format, HsdsCsvWriter, HsdsJsonWriter};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn to_json(records: &[Record]) -> Vec<u8> {
    let mut writer = HsdsJsonWriter::new(Vec::new());
    records.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap()
}

/// Out as JSON and in again.
fn through_json(records: &[Record]) -> Vec<Record> {
    let (again, errors) = read_bytes("out.json", to_json(records)).unwrap();
    assert_eq!(errors, []);
    again
}

/// Out as a folder of tables and in again.
fn through_folder(records: &[Record]) -> Vec<Record> {
    let folder = tempfile::tempdir().unwrap();
    write_folder(records, folder.path());
    let (again, errors) = read_path(folder.path()).unwrap();
    assert_eq!(errors, []);
    again
}

/// Equal, or the first line that differs.
fn assert_same(again: &[Record], first: &[Record], what: &str) {
    let (left, right) = (format!("{again:#?}"), format!("{first:#?}"));
    let mut before = Vec::new();
    for (left, right) in left.lines().zip(right.lines()) {
        assert_eq!(left, right, "{what}, behind {:?}", &before[before.len().saturating_sub(8)..]);
        before.push(left);
    }
    assert_eq!(left.len(), right.len(), "{what}");
}

fn write_folder(records: &[Record], folder: &Path) {
    let mut writer = HsdsCsvWriter::create(folder).unwrap();
    records.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
}

/// Every value in a tree with the name it stands under, texts trimmed, numbers as numbers.
fn leaves(value: &Value, name: &str, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, key, found)),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, name, found)),
        Value::String(text) => drop(found.insert((name.to_owned(), text.trim().to_owned()))),
        Value::Number(number) => drop(found.insert((name.to_owned(), number.as_f64().unwrap().to_string()))),
        Value::Null | Value::Bool(_) => {}
    }
}

#[test]
fn the_samples_of_the_specification_are_a_round_trip_without_loss() {
    for name in ["organization_full.json", "service_full.json"] {
        let Some(path) = shared(&format!("hsds_samples/{name}")) else { continue };
        let first = records(&path);
        let [record] = first.as_slice() else { panic!("{first:?}") };
        let organization = &record.organization;
        assert_eq!(record.id.to_string(), record.source_id);
        assert_eq!(organization.name.as_deref(), Some("Example Organization Inc."));
        assert_eq!((organization.locations.len(), organization.services.len()), (1, 1));
        assert_eq!(organization.services[0].location_ids, [organization.locations[0].id]);
        assert_eq!(organization.year_incorporated, Some(2011));
        assert_eq!(organization.identifiers[0].scheme.as_deref(), Some("GB-COH"));
        // The sample has a latitude of 100: no place, but kept.
        assert_eq!(organization.locations[0].latitude, None);
        assert_eq!(organization.locations[0].extra.0["latitude"], 100);
        assert!(organization.extra.0.contains_key("contacts"));
        assert!(organization.services[0].extra.0.contains_key("attributes"));

        assert_same(&through_json(&first), &first, "through_json");
        assert_same(&through_folder(&first), &first, "through_folder");
        let (mut given, mut written) = (BTreeSet::new(), BTreeSet::new());
        leaves(&serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(), "", &mut given);
        leaves(&serde_json::from_slice(&to_json(&first)).unwrap(), "", &mut written);
        let lost: Vec<_> = given.difference(&written).collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
}

/// Every row of a record has an id of its own, though the sample shows one telephone in three places.
#[test]
fn ids_are_unique_within_a_table() {
    let Some(path) = shared("hsds_samples/organization_full.json") else { return };
    let organization = &records(&path)[0].organization;
    let phones = organization.phones.iter().chain(&organization.locations[0].phones);
    let phones: Vec<_> = phones.chain(&organization.services[0].phones).collect();
    let ids: BTreeSet<_> = phones.iter().map(|phone| phone.id).collect();
    let source_ids: BTreeSet<_> = phones.iter().map(|phone| &phone.source_id).collect();
    assert_eq!((phones.len(), ids.len(), source_ids.len()), (3, 3, 3));
}

#[test]
fn the_ohana_folder_is_joined_and_is_a_round_trip() {
    let Some(path) = shared("hsds_samples/ohana") else { return };
    let reader = formats::read(&path, &crate::support::options()).unwrap();
    assert_eq!(reader.format(), Format::HsdsCsv);
    let first = records(&path);
    assert_eq!(first.len(), 8);
    let count = |get: fn(&Record) -> usize| first.iter().map(get).sum::<usize>();
    assert_eq!(count(|r| r.organization.locations.len()), 22);
    assert_eq!(count(|r| r.organization.services.len()), 23);
    let places = || first.iter().flat_map(|r| &r.organization.locations);
    assert_eq!(places().map(|place| place.addresses.len()).sum::<usize>(), 21 + 21);
    let mail =
        places().flat_map(|place| &place.addresses).filter(|a| a.address_type.as_deref() == Some("postal"));
    assert_eq!(mail.count(), 21);
    let agency = first.iter().find(|r| r.organization.name.as_deref() == Some("Example Agency")).unwrap();
    assert_eq!(agency.organization.alternate_names, ["Alternate Agency Name"]);
    assert_eq!(agency.organization.website.as_deref(), Some("http://example.org"));
    let place = &agency.organization.locations[0];
    assert_eq!((place.latitude, place.source_id.as_str()), (Some(37.772_640_2), "22"));
    assert!(place.extra.0["regular_schedules"].as_array().is_some_and(|days| days.len() == 7));
    assert_eq!(place.extra.0["contacts"][0]["phones"].as_array().map(Vec::len), Some(3));
    let passport = &agency.organization.services[0];
    assert_eq!(passport.location_ids, [place.id]);
    assert_eq!(passport.extra.0["taxonomies"].as_array().map(Vec::len), Some(6));

    assert_same(&through_folder(&first), &first, "through_folder");
    assert_same(&through_json(&first), &first, "through_json");
    assert_same(&through_folder(&through_json(&first)), &first, "through_folder");
}

/// Every cell of the Ohana tables, but for keys and unused taxonomy terms, is in the export.
#[test]
fn no_cell_of_the_ohana_folder_is_lost() {
    let Some(path) = shared("hsds_samples/ohana") else { return };
    let mut written = BTreeSet::new();
    leaves(&serde_json::from_slice(&to_json(&records(&path))).unwrap(), "", &mut written);
    let written: BTreeSet<String> = written.into_iter().map(|(_, text)| text).collect();
    for file in std::fs::read_dir(&path).unwrap() {
        let file = file.unwrap().path();
        if file.ends_with("taxonomy.csv") {
            continue;
        }
        let mut rows = csv::Reader::from_path(&file).unwrap();
        let header = rows.headers().unwrap().clone();
        for row in rows.records() {
            for (column, cell) in header
                .iter()
                .zip(row.unwrap().iter())
                .filter(|(c, v)| !c.ends_with("id") && !v.trim().is_empty())
            {
                let number = cell.trim().parse::<f64>().map(|n| n.to_string()).unwrap_or_default();
                assert!(
                    written.contains(cell.trim()) || written.contains(&number),
                    "{}: {column} {cell}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn unused_vocabulary_is_told() {
    let Some(path) = shared("hsds_samples/ohana") else { return };
    let mut reader = formats::read(&path, &crate::support::options()).unwrap();
    while reader.next().is_some() {}
    assert_eq!(reader.unused_rows(), [("taxonomy.csv".to_owned(), 290 - 6)]);
}

#[test]
fn every_shape_of_json_is_read() {
    let org = |id: u32| json!({"id": id.to_string(), "name": format!("Org {id}"), "locations": [{"id": "L", "latitude": "41.5"}]});
    let service = |id: &str, org: &str| {
        json!({"id": id, "name": id, "organization": {"id": org, "name": format!("Org {org}")},
               "service_at_locations": [{"location": {"id": format!("at-{id}"), "name": "Hall"}}]})
    };
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let lines = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join("\r\n");
    let page = json!({"total_items": 2, "nested": {"contents": ["no"]}, "contents": [org(1), org(2)], "last": {"a": [1]}});
    let cases = [
        (pretty(&org(1)), 1),
        (org(1).to_string(), 1),
        (format!("\u{feff} {}", json!([org(1), org(2)])), 2),
        (pretty(&json!([org(1), org(2)])), 2),
        (pretty(&page), 2),
        (page.to_string(), 2),
        (lines(&[org(1), org(2), org(3)]), 3),
        (format!("{}\n{}", pretty(&org(1)), pretty(&org(2))), 2),
        (json!([service("a", "1"), service("b", "1"), service("c", "2")]).to_string(), 2),
        (lines(&[service("a", "1"), service("b", "2"), service("c", "1")]), 2),
        ("[]".to_owned(), 0),
    ];
    for (text, count) in cases {
        let (found, errors) = read_bytes("x.json", &text).unwrap();
        assert_eq!((found.len(), errors), (count, vec![]), "{text}");
        let ids: BTreeSet<_> =
            found.iter().flat_map(|r| &r.organization.locations).map(|place| place.id).collect();
        let places: usize = found.iter().map(|r| r.organization.locations.len()).sum();
        assert_eq!(ids.len(), places, "{text}");
        assert_same(&through_json(&found), &found, "through_json");
        assert_same(&through_folder(&found), &found, "through_folder");
    }
}

#[test]
fn services_of_one_organization_are_gathered() {
    let at = |id: &str| json!([{"id": id, "location": {"id": "hall", "name": "Hall"}}]);
    let text = json!([
        {"id": "a", "name": "A", "organization": {"id": "1", "name": "One"}, "service_at_locations": at("x")},
        {"id": "b", "name": "B", "organization": {"id": "1", "name": "One", "email": "e@x.example"}, "service_at_locations": at("y")},
    ]);
    let (found, errors) = read_bytes("s.json", text.to_string()).unwrap();
    assert_eq!(errors, []);
    let organization = &found[0].organization;
    assert_eq!((found.len(), organization.services.len(), organization.locations.len()), (1, 2, 1));
    assert_eq!(organization.email.as_deref(), Some("e@x.example"));
    assert!(organization.services.iter().all(|s| s.location_ids == [organization.locations[0].id]));
}

/// What is wrong is named by path, and the organizations around it come in.
#[test]
fn a_broken_organization_never_stops_the_rest() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = "x".repeat(2 << 20);
    let cases = [
        (r#"{"id":"2"}"#.to_owned(), "line 2, field name: is missing"),
        (r#"{"name":"B"}"#.to_owned(), "line 2, field id: is missing"),
        (r#"{"id":"1","name":"B"}"#.to_owned(), "line 2, field id: the id `1` was used before"),
        (
            r#"{"id":"2","name":"B","locations":[{},{},{"latitude":"north"}]}"#.to_owned(),
            "line 2, field locations[2].latitude: `north` is not a number",
        ),
        (
            r#"{"id":"2","name":"B","locations":[{"addresses":[{"city":["x"]}]}]}"#.to_owned(),
            "line 2, field locations[0].addresses[0].city: must be text, not a list",
        ),
        (
            r#"{"id":"2","name":"B","phones":"555"}"#.to_owned(),
            "line 2, field phones: must be a list, not text",
        ),
        (
            r#"{"id":"2","name":"B","services":["x"]}"#.to_owned(),
            "line 2, field services[0]: must be an object, not text",
        ),
        (
            r#"{"id":"2","name":"B","year_incorporated":"long ago"}"#.to_owned(),
            "line 2, field year_incorporated: `long ago` is not a year",
        ),
        (r#"{"id":"2","name":"B\u0000"}"#.to_owned(), "line 2, field name: holds a NUL"),
        (r#"{"id":"2","name":"B","x":[{"y":"\u0000"}]}"#.to_owned(), "line 2, field x: holds a NUL"),
        (
            r#"{"id":"2","organization_id":"1"}"#.to_owned(),
            "line 2, field organization: is missing: a service must hold",
        ),
        (r#"{"id":"2","name":,"x":1}"#.to_owned(), "line 2: the JSON is broken at column 18: expected value"),
        (
            format!(r#"{{"id":"2","name":"B","x":{deep}}}"#),
            "line 2: the value is nested deeper than 64 levels",
        ),
        (format!(r#"{{"id":"2","name":"B","x":"{long}"}}"#), "line 2: a text is longer than 1 MiB"),
        ("17".to_owned(), "line 2: must be an organization or a service as a JSON object, not a number"),
    ];
    for (broken, expected) in cases {
        let (first, last) = (r#"{"id":"1","name":"A"}"#, r#"{"id":"9","name":"Z"}"#);
        let array = format!("[{first},\n{broken},\n{last}]");
        let lines = format!("{first}\n{broken}\n{last}\n");
        for (name, text) in [("x.json", array), ("x.ndjson", lines)] {
            let (found, errors) = read_bytes(name, &text).unwrap();
            let names: Vec<_> = found.iter().filter_map(|r| r.organization.name.as_deref()).collect();
            assert_eq!(names, ["A", "Z"], "{name}: {expected} {errors:?}");
            let [error] = errors.as_slice() else { panic!("{name}: {expected}: {errors:?}") };
            assert!(error.to_string().starts_with(expected), "{name}: {error}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_told_by_line() {
    let bytes = b"[{\"id\":\"1\",\n\"name\":\"Caf\xe9\"},\n{\"id\":\"2\",\"name\":\"B\"}]";
    let (found, errors) = read_bytes("x.json", bytes).unwrap();
    assert_eq!(found.len(), 1);
    assert!(errors[0].to_string().starts_with("line 2: byte 0xE9"), "{}", errors[0]);
}

#[test]
fn a_fatal_error_ends_the_file_with_its_place() {
    let cases = [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("hello", "a JSON object or array is expected here"),
        (
            "[{\"id\":\"1\",\"name\":\"A\"}\n {\"id\":\"2\"}]",
            "line 2: the JSON is broken at column 2: a comma or `]` is missing",
        ),
        (
            "[{\"id\":\"1\",\"name\":\"A\"},\n{\"id\":\"2\"",
            "line 2: the value that starts here is not closed before the file ends",
        ),
        (
            "[{\"id\":\"1\",\"name\":\"A\"},\n{\"id\":\"2\" \"name\":\"x\"",
            "line 2: the JSON is broken at column 11: expected `,` or `}`",
        ),
        ("[{\"id\":\"1\",\"name\":\"A\"}", "the file ends before its closing bracket"),
    ];
    for (text, expected) in cases {
        let (_, errors) = match read_bytes("x.json", text) {
            Ok(read) => read,
            Err(error) => {
                assert!(told(&error).contains(expected), "{}", told(&error));
                continue;
            }
        };
        let last = errors.last().unwrap().to_string();
        assert!(last.contains(expected), "{last}");
    }
}

/// Folders in the singular and plural dialects, and what is said of rows that do not fit.
#[test]
fn folder_errors_name_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("organization.csv", "id,name,url\n1,A,a.example\n2,B,\n3,C,\n");
    put("location.csv", "id,organization_id,latitude\nL1,1,41.5\nL2,2,north\nL3,,40\n");
    put("service.csv", "id,organization_id,name\nS1,1,Help\nS3,3,More\n");
    put("service_at_location.csv", "id,service_id,location_id,description\nX1,S1,L1,Mondays\nX3,S3,L3,\n");
    put(
        "phone.csv",
        "id,location_id,organization_id,number\nP1,L1,,555\nP2,L9,,556\nP3,,,557\nP4,\"L1\"x,,\n",
    );
    put("note.csv", "id,service_id,text\nN1,S1,hello\n");
    let (found, errors) = read_path(folder.path()).unwrap();
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        "phone.csv, line 5, field location_id: text follows a closing quotation mark",
        "phone.csv, line 3, field location_id: there is no row with the id `L9` in location.csv",
        "phone.csv, line 4: the row belongs to nothing; fill in one of organization_id, location_id, service_id",
        "location.csv, line 3, field latitude: `north` is not a number",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    let names: Vec<_> = found.iter().filter_map(|r| r.organization.name.as_deref()).collect();
    assert_eq!(names, ["A", "C"]);
    let [a, c] = [&found[0].organization, &found[1].organization];
    assert_eq!((a.website.as_deref(), a.locations[0].phones.len()), (Some("a.example"), 1));
    assert_eq!(a.services[0].extra.0["note"][0]["text"], "hello");
    assert_eq!(a.services[0].extra.0["service_at_locations"][0]["description"], "Mondays");
    assert_eq!(c.services[0].location_ids, [c.locations[0].id]);
    assert_same(&through_folder(&found), &found, "through_folder");
    assert_same(&through_json(&found), &found, "through_json");
}

#[test]
fn a_folder_without_organizations_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = told(&read_path(folder.path()).unwrap_err());
    assert!(
        error.contains("no organizations.csv (or organization.csv); it has no CSV file at all"),
        "{error}"
    );
    std::fs::write(folder.path().join("services.csv"), "id\n").unwrap();
    assert!(told(&read_path(folder.path()).unwrap_err()).contains("it has services.csv"));
    let error = told(&HsdsCsvWriter::create(folder.path()).unwrap_err());
    assert!(error.contains("already holds CSV files"), "{error}");
}

/// A name from a file never becomes a path.
#[test]
fn a_strange_table_name_stays_in_a_cell() {
    let text = json!({"id": "1", "name": "A", "../../etc": [{"a": "b"}], "organizations": [{"id": "9"}], "list": ["x", 1]});
    let (found, _) = read_bytes("x.json", text.to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_folder(&found, folder.path());
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["organizations.csv"]);
    assert_same(&through_folder(&found), &found, "through_folder");
}

/// Alternate names, and a golden record's view.
#[test]
fn several_alternate_names_survive() {
    let text = json!({"id": "1", "name": "A", "alternate_name": "B; C", "alternate_names": ["D", "E"]});
    let (found, _) = read_bytes("x.json", text.to_string()).unwrap();
    assert_eq!(found[0].organization.alternate_names, ["B; C", "D", "E"]);
    assert_same(&through_json(&found), &found, "through_json");
    assert_same(&through_folder(&found), &found, "through_folder");
}
