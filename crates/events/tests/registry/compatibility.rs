//! Verdicts on pairs of schemas, compared with the Avro library's own where it gives one.

use apache_avro::Schema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use events::registry::compatibility::problems;
use events::registry::{Compatibility, RegisteredSchema};

/// The first problem that `reader` has with what `writer` wrote.
fn problem(reader: &str, writer: &str) -> Option<String> {
    let old = RegisteredSchema { subject: "s".into(), id: 1, version: 1, schema: writer.into() };
    let problems = problems(Compatibility::Backward, reader, &[old]).unwrap();
    problems.first().map(|problem| format!("{}: {}", problem.path, problem.reason))
}

/// Whether the other implementation has rules of its own here (it leaves out aliases, and enum defaults).
#[derive(Clone, Copy, PartialEq)]
enum Other {
    Agrees,
    Differs,
}

/// `expected` is a part of the problem's text, empty where there is none.
fn check(reader: &str, writer: &str, expected: &str, other: Other) {
    let found = problem(reader, writer).unwrap_or_default();
    assert!(found.contains(expected), "{reader}\nreading {writer}\nfound {found:?}, not {expected:?}");
    assert_eq!(found.is_empty(), expected.is_empty(), "{reader}\nreading {writer}\nfound {found:?}");
    let (r, w) = (Schema::parse_str(reader).unwrap(), Schema::parse_str(writer).unwrap());
    let verdict = SchemaCompatibility::can_read(&w, &r).is_ok();
    let same = verdict == expected.is_empty();
    assert_eq!(same, other == Other::Agrees, "{reader}\nreading {writer}\nthe library says {verdict}");
}

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#)
}

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

#[test]
fn primitives_are_read_as_themselves_or_promoted() {
    let promoted = [
        ("int", "long"),
        ("int", "float"),
        ("int", "double"),
        ("long", "float"),
        ("long", "double"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
    ];
    for writer in PRIMITIVES {
        for reader in PRIMITIVES {
            let readable = reader == writer || promoted.contains(&(writer, reader));
            let expected = format!("the new schema reads {reader}, the registered one writes {writer}");
            let expected = if readable { "" } else { &expected };
            check(&format!("\"{reader}\""), &format!("\"{writer}\""), expected, Other::Agrees);
        }
    }
}

#[test]
fn lists_and_maps_are_read_item_by_item() {
    use Other::{Agrees, Differs};
    let array = |items: &str| format!(r#"{{"type":"array","items":"{items}"}}"#);
    let map = |values: &str| format!(r#"{{"type":"map","values":"{values}"}}"#);
    check(&array("long"), &array("int"), "", Agrees);
    check(&array("int"), &array("long"), "items: the new schema reads int", Agrees);
    check(&map("double"), &map("float"), "", Agrees);
    check(&map("float"), &map("string"), "values: the new schema reads float", Agrees);
    check(&map("int"), &array("int"), "reads map, the registered one writes array", Agrees);
    check(&array("int"), "\"int\"", "reads array, the registered one writes int", Agrees);
    check(r#"{"type":"string","logicalType":"uuid"}"#, "\"string\"", "", Agrees);
    // A logical type changes what a value means, not whether it can be read.
    check(
        r#"{"type":"long","logicalType":"timestamp-millis"}"#,
        r#"{"type":"long","logicalType":"timestamp-micros"}"#,
        "",
        Differs,
    );
}

#[test]
fn enums_and_fixed_are_read_by_name() {
    use Other::{Agrees, Differs};
    let letters =
        |symbols: &str, rest: &str| format!(r#"{{"type":"enum","name":"E","symbols":[{symbols}]{rest}}}"#);
    check(&letters(r#""A","B""#, ""), &letters(r#""A""#, ""), "", Agrees);
    check(&letters(r#""A""#, ""), &letters(r#""A","B","C""#, ""), "lacks the symbols B, C", Agrees);
    check(&letters(r#""A""#, r#","default":"A""#), &letters(r#""A","B""#, ""), "", Differs);
    let other = r#"{"type":"enum","name":"F","symbols":["A"]}"#;
    check(other, &letters(r#""A""#, ""), "reads enum F, the registered one writes enum E", Agrees);
    let alias = r#"{"type":"enum","name":"F","aliases":["E"],"symbols":["A"]}"#;
    check(alias, &letters(r#""A""#, ""), "", Differs);
    let fixed = |name: &str, size: u32| format!(r#"{{"type":"fixed","name":"{name}","size":{size}}}"#);
    check(&fixed("F", 16), &fixed("F", 16), "", Agrees);
    check(&fixed("n.F", 16), &fixed("m.F", 16), "", Agrees);
    check(&fixed("F", 16), &fixed("F", 12), "reads fixed F of 16 bytes", Agrees);
    check(&fixed("G", 16), &fixed("F", 16), "reads fixed G", Agrees);
}

#[test]
fn a_field_may_come_with_a_default_and_go_at_any_time() {
    use Other::{Agrees, Differs};
    let a = r#"{"name":"a","type":"int"}"#;
    let with_default = format!(r#"{a},{{"name":"b","type":"string","default":""}}"#);
    let without = format!(r#"{a},{{"name":"b","type":"string"}}"#);
    check(&record(a), &record(&with_default), "", Agrees);
    check(&record(&with_default), &record(a), "", Agrees);
    check(&record(&without), &record(a), "b: the registered one does not have it", Agrees);
    check(&record(r#"{"name":"a","type":"string"}"#), &record(a), "a: the new schema reads string", Agrees);
    let renamed = r#"{"name":"z","aliases":["a"],"type":"long"}"#;
    check(&record(renamed), &record(a), "", Agrees);
    let elsewhere = r#"{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}"#;
    check(elsewhere, &record(a), "reads record S, the registered one writes record R", Agrees);
    let alias = r#"{"type":"record","name":"S","aliases":["R"],"fields":[{"name":"a","type":"int"}]}"#;
    check(alias, &record(a), "", Differs);
    check("\"int\"", &record(a), "reads int, the registered one writes record R", Agrees);
}

#[test]
fn unions_take_what_one_of_their_branches_takes() {
    use Other::Agrees;
    check(r#"["null","string"]"#, "\"string\"", "", Agrees);
    check("\"string\"", r#"["null","string"]"#, "reads string, the registered one writes null", Agrees);
    check(r#"["null","string","int"]"#, r#"["null","string"]"#, "", Agrees);
    check(
        r#"["null","string"]"#,
        r#"["null","string","int"]"#,
        "reads [null, string], the registered one writes int",
        Agrees,
    );
    check(r#"["null","double"]"#, r#"["int","null"]"#, "", Agrees);
    check(
        r#"["null","int"]"#,
        r#"["null","double"]"#,
        "reads [null, int], the registered one writes double",
        Agrees,
    );
    check(r#"["string"]"#, "\"int\"", "reads [string], the registered one writes int", Agrees);
}

#[test]
fn a_clash_deep_inside_is_named_with_its_path() {
    use Other::Agrees;
    let nested = |kind: &str| {
        let place = record_named(
            "Location",
            &format!(r#"{{"name":"latitude","type":["null",{kind}],"default":null}}"#),
        );
        let organization =
            format!(r#"{{"name":"locations","type":{{"type":"array","items":{place}}},"default":[]}}"#);
        let organization = record_named("Organization", &organization);
        record(&format!(r#"{{"name":"organization","type":["null",{organization}],"default":null}}"#))
    };
    check(&nested("\"double\""), &nested("\"float\""), "", Agrees);
    let path = "organization.locations.items.latitude: the new schema reads [null, float], the registered one writes double";
    check(&nested("\"float\""), &nested("\"double\""), path, Agrees);
}

fn record_named(name: &str, fields: &str) -> String {
    format!(r#"{{"type":"record","name":"{name}","fields":[{fields}]}}"#)
}

#[test]
fn records_inside_themselves_are_compared_once() {
    let tree = |kind: &str| {
        let children = r#"{"name":"children","type":{"type":"array","items":"R"},"default":[]}"#;
        record(&format!(r#"{{"name":"weight","type":"{kind}"}},{children}"#))
    };
    assert_eq!(problem(&tree("long"), &tree("int")), None);
    assert!(problem(&tree("int"), &tree("long")).unwrap().starts_with("weight: "));
}

#[test]
fn a_type_used_in_many_places_does_not_multiply_the_work() {
    // 30 levels, each with the last one twice: 2^30 places.
    let deep = |leaf: &str| {
        let mut fields = format!(
            r#"{{"name":"leaf","type":{}}}"#,
            record_named("L0", &format!(r#"{{"name":"x","type":"{leaf}"}}"#))
        );
        for level in 1..30 {
            let below = level - 1;
            let inner = format!(r#"{{"name":"a","type":"L{below}"}},{{"name":"b","type":"L{below}"}}"#);
            fields = format!(
                r#"{fields},{{"name":"f{level}","type":{}}}"#,
                record_named(&format!("L{level}"), &inner)
            );
        }
        record(&fields)
    };
    assert_eq!(problem(&deep("long"), &deep("int")), None);
    assert!(problem(&deep("int"), &deep("long")).unwrap().starts_with("leaf.x: "));
}

#[test]
fn each_level_looks_in_its_direction_and_as_far_back_as_it_says() {
    use Compatibility::{
        Backward, BackwardTransitive, Forward, ForwardTransitive, Full, FullTransitive, None,
    };
    let version = |version, fields: &str| RegisteredSchema {
        subject: "s".into(),
        id: version,
        version,
        schema: record(fields),
    };
    let field = |name: &str, default: &str| format!(r#"{{"name":"{name}","type":"int"{default}}}"#);
    let (a, b) = (field("a", ""), field("b", ""));
    let b_default = field("b", r#","default":0"#);
    let count = |level, new: &str, history: &[RegisteredSchema]| {
        problems(level, &record(new), history).unwrap().len()
    };
    // The classic chain: b comes with a default, then loses the default. Fine step by step, not over two.
    let history = [version(1, &a), version(2, &format!("{a},{b_default}"))];
    let new = format!("{a},{b}");
    for (level, expected) in [
        (None, 0),
        (Backward, 0),
        (Forward, 0),
        (Full, 0),
        (BackwardTransitive, 1),
        (ForwardTransitive, 0),
        (FullTransitive, 1),
    ] {
        assert_eq!(count(level, &new, &history), expected, "{level}");
    }
    // A field without a default goes: the old readers miss it.
    let history = [version(1, &format!("{a},{b}"))];
    for (level, expected) in [
        (None, 0),
        (Backward, 0),
        (Forward, 1),
        (Full, 1),
        (BackwardTransitive, 0),
        (ForwardTransitive, 1),
        (FullTransitive, 1),
    ] {
        assert_eq!(count(level, &a, &history), expected, "{level}");
    }
    let problem = &problems(FullTransitive, &record(&a), &history).unwrap()[0];
    assert_eq!(
        problem.to_string(),
        "version 1: b: the new schema does not have it, and the registered one gives it no default"
    );
}

#[test]
fn a_hostile_schema_ends_neither_the_process_nor_the_day() {
    let mut reader = r#"{"name":"end","type":"int"}"#.to_owned();
    for level in 0..30 {
        reader = format!(r#"{{"name":"f","type":{}}}"#, record_named(&format!("L{level}"), &reader));
    }
    assert_eq!(problem(&record(&reader), &record(&reader)), None);
    let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(5000), "}".repeat(5000));
    assert!(problems(Compatibility::Backward, &deep, &[]).is_err());
    // Names make it deep without deep brackets: each record holds the one before.
    let chain = |prefix: &str| {
        let mut fields = Vec::new();
        for level in 0..3000 {
            let below = if level == 0 { "int".into() } else { format!("L{}", level - 1) };
            let inner = record_named(&format!("L{level}"), &format!(r#"{{"name":"in","type":"{below}"}}"#));
            fields.push(format!(r#"{{"name":"{prefix}{level}","type":["null",{inner}],"default":null}}"#));
        }
        record(&format!(r#"{},{{"name":"end","type":"L2999"}}"#, fields.join(",")))
    };
    assert!(problem(&chain("a"), &chain("b")).unwrap().contains("nested deeper"));
    let large = format!("\"{}\"", " ".repeat(2 << 20));
    assert!(problems(Compatibility::Backward, &large, &[]).is_err());
}
