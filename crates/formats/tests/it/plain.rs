//! Plain CSV.

use crate::support::{options, read_bytes, read_path, records, shared, told};
use entity::id::derive;
use formats::CsvWriter;

const FULL: &str = "\
id,name,street,city,state,postcode,country,phone,email,website,services,latitude,longitude,source,alternate_name,identifier_scheme,identifier,Founded By\n\
7, Food Bank ,1 Main St,Springfield,IL,62701,US,(217) 555-0100,a@b.example,b.example,food pantry; shelter,39.8,-89.6,211,FB | The Bank,US-EIN,12-3456789,Ann \n\
8,Clinic,,,,,,,,,,,,,,,,\n";

#[test]
fn every_column_finds_its_place() {
    let (found, errors) = read_bytes("orgs.csv", FULL).unwrap();
    assert_eq!(errors, []);
    let [bank, clinic] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((bank.source.as_str(), bank.source_id.as_str()), ("211", "7"));
    assert_eq!(bank.id.0, derive("211", "organization", "7"));
    let organization = &bank.organization;
    assert_eq!(organization.name.as_deref(), Some("Food Bank"));
    assert_eq!(organization.alternate_names, ["FB", "The Bank"]);
    assert_eq!(organization.phones[0].number, "(217) 555-0100");
    assert_eq!(organization.phones[0].source_id, "7/phone/1");
    assert_eq!(organization.identifiers[0].scheme.as_deref(), Some("US-EIN"));
    assert_eq!(organization.extra.0["Founded By"], "Ann ");
    let place = &organization.locations[0];
    assert_eq!((place.source_id.as_str(), place.latitude), ("7", Some(39.8)));
    assert_eq!(place.addresses[0].postal_code.as_deref(), Some("62701"));
    let services: Vec<_> = organization.services.iter().filter_map(|s| s.name.as_deref()).collect();
    assert_eq!(services, ["food pantry", "shelter"]);
    assert_eq!(organization.services[0].location_ids, [place.id]);
    assert_eq!((clinic.source.as_str(), clinic.created_at), ("test", options().created_at));
    assert!(clinic.organization.locations.is_empty() && clinic.organization.phones.is_empty());
}

#[test]
fn a_uuid_is_the_organizations_own_id_and_nobody_elses() {
    let id = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610";
    let (found, _) = read_bytes("o.csv", format!("id,name,city\n{id},A,B\n")).unwrap();
    assert_eq!(found[0].id.to_string(), id);
    assert_ne!(found[0].organization.locations[0].id.to_string(), id);
}

#[test]
fn other_delimiters_line_ends_and_marks_are_understood() {
    for text in [
        "id;name;city\n1;A, B;C\n",
        "id\tname\tcity\r\n1\tA, B\tC\r\n",
        "\u{feff}ID,Name,City\r1,\"A, B\",C\r",
        "\n\nid,name,city,,\n\n1,\"A, B\",C,,\n",
    ] {
        let (found, errors) = read_bytes("o.csv", text).unwrap();
        assert_eq!((errors, found.len()), (vec![], 1), "{text:?}");
        assert_eq!(found[0].organization.name.as_deref(), Some("A, B"), "{text:?}");
        assert_eq!(found[0].organization.locations[0].addresses[0].city.as_deref(), Some("C"));
    }
}

/// A broken row is told by line, column and fix, and the good rows around it come in.
#[test]
fn a_broken_row_never_stops_the_rest() {
    let huge = format!("3,{},,\n", "x".repeat(10 << 20));
    let cases: &[(&[u8], &str)] = &[
        (b",No id,,\n", "line 3, field id: the id is missing"),
        (b"3,,,\n", "line 3, field name: the name is missing"),
        (b"1,Again,,\n", "line 3, field id: the id `1` was used before in this file"),
        (b"3,B,north,\n", "line 3, field latitude: `north` is not a number; write degrees such as 41.8781"),
        (b"3,B,nan,\n", "line 3, field latitude: `nan` is not a number"),
        (
            b"3,B,95,\n",
            "line 3, field latitude: `95` is beyond 90 degrees; are latitude and longitude swapped",
        ),
        (b"3,B,,-181\n", "line 3, field longitude: `-181` is beyond 180 degrees"),
        (b"3,B\0,,\n", "line 3, field name: holds a NUL character"),
        (
            b"3,Caf\xe9,,\n",
            "line 3, field name: byte 0xE9, number 4 of the value, is not UTF-8; the file looks like WINDOWS-1252",
        ),
        (b"3,\"B,,\n", "line 3, field name: a quotation mark is opened and not closed"),
        (b"3,\"B\"x,,\n", "line 3, field name: text follows a closing quotation mark"),
        (b"3,B\n", "line 3: the row has 2 columns, the header has 4; is a value"),
        (b"3,B, Inc.,,x\n", "line 3: the row has 5 columns, the header has 4"),
        (huge.as_bytes(), "line 3, field name: the value is longer than 1 MiB"),
    ];
    for (row, expected) in cases {
        let mut text = b"id,name,latitude,longitude\n1,A,,\n".to_vec();
        text.extend_from_slice(row);
        text.extend_from_slice(b"9,\"Z \"\"last\"\"\",,\n");
        let (found, errors) = read_bytes("o.csv", &text).unwrap();
        let names: Vec<_> = found.iter().filter_map(|r| r.organization.name.as_deref()).collect();
        assert_eq!(names, ["A", "Z \"last\""], "{expected}");
        let [error] = errors.as_slice() else { panic!("{expected}: {errors:?}") };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn an_unusable_file_is_refused_with_the_fix() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"name,city\nA,B\n", "line 1, field id: the header has no `id` column; the first line must name"),
        (b"1,Food Bank,Main St\n", "it reads `1,Food Bank,Main St`"),
        (b"id,city\n", "the header has no `name` column"),
        (b"id,name,x,x\n", "the header names `x` twice, as columns 3 and 4"),
        (b"\xff\xfei\0d\0", "the file is UTF-16; save it as UTF-8"),
        (b"i\0d\0,\0", "NUL"),
        (b"PK\x03\x04rest", "Excel"),
        (b"id,\"name\n1,A\n", "a quotation mark is opened and not closed"),
    ];
    for (bytes, expected) in cases {
        let error = told(&read_bytes("o.csv", bytes).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let error = told(&read_path("/nowhere/at/all.csv".as_ref()).unwrap_err());
    assert!(error.contains("cannot open or read /nowhere/at/all.csv"), "{error}");
}

#[test]
fn plain_csv_goes_out_and_comes_back_equal() {
    let two = "id,name,identifier_scheme,identifier,services,phone,Note\n\
               1,A,US-EIN; US-NPI,1;2,\"a; b |\",1|2,\"x, y\"\n2,B,US-EIN,3;4,,,\n3,C,US-EIN,,,,\n";
    for text in [FULL, two] {
        let (found, errors) = read_bytes("o.csv", text).unwrap();
        assert_eq!(errors, []);
        let mut bytes = Vec::new();
        let mut writer =
            CsvWriter::new(&mut bytes, vec!["Founded By".to_owned(), "Note".to_owned()]).unwrap();
        found.iter().for_each(|record| writer.write(record).unwrap());
        assert_eq!(writer.finish().unwrap(), [""; 0]);
        let (again, errors) = read_bytes("o.csv", &bytes).unwrap();
        assert_eq!((again, errors), (found, vec![]));
    }
}

#[test]
fn an_export_tells_what_it_has_no_column_for() {
    let (found, _) = read_bytes("o.csv", "id,name,colour\n1,A,red\n").unwrap();
    let mut writer = CsvWriter::new(Vec::new(), Vec::new()).unwrap();
    writer.write(&found[0]).unwrap();
    assert_eq!(writer.finish().unwrap(), ["colour"]);
}

#[test]
fn the_development_sets_are_read_whole() {
    for (path, rows) in [("early_childhood_dev/orgs.csv", 1_700), ("overture_places_dev/orgs.csv", 1_900)] {
        let Some(path) = shared(path) else { continue };
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let found = records(&path);
        assert!(found.len() > rows && found.len() == lines - 1, "{} of {lines}", found.len());
    }
}
