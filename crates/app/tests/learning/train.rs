//! `train` on a file of labels.

use crate::world::World;
use serde_json::Value;
use std::fmt::Write;

const TRAIN: [&str; 7] = ["train", "--input", "orgs.csv", "--labels", "labels.csv", "--json", "--model"];

fn train<'a>(model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    TRAIN.into_iter().chain([model]).chain(more.iter().copied()).collect()
}

/// Truth for the pairs that the shipped model has wrong, and for as many that it is unsure of.
fn write_labels(world: &World) -> usize {
    let mut pairs = world.pairs();
    pairs.sort_by(|a, b| (a.2 - 0.5).abs().total_cmp(&(b.2 - 0.5).abs()));
    let mut text = "left_id,right_id,match,verdict,asked\n".to_owned();
    for (at, (left, right, _)) in pairs.iter().take(150).enumerate() {
        let asked = if at % 10 == 9 { "by_chance" } else { "chosen" };
        writeln!(text, "{left},{right},{},,{asked}", u8::from(world.is_match(left, right))).unwrap();
    }
    text.push_str("org-of-nobody-1,org-of-nobody-2,,unsure,chosen\n");
    world.write("labels.csv", &text);
    pairs.len().min(150)
}

#[test]
fn labels_make_a_model_that_contradicts_fewer_of_them_and_finds_by_it() {
    let world = World::new(1200, 11);
    let count = write_labels(&world);
    let metrics: Value = serde_json::from_str(&world.must(&train("models/mine", &[]))).unwrap();
    let figure = |name: &str| metrics[name].as_u64().unwrap_or_else(|| panic!("{name} in {metrics}"));
    assert_eq!(
        figure("labelled_matches") + figure("labelled_others"),
        count as u64,
        "unsure teaches nothing"
    );
    assert!(figure("contradicted_before") > 10, "there is something to learn: {metrics}");
    assert!(figure("contradicted_after") < figure("contradicted_before"), "{metrics}");
    assert_eq!(figure("labelled_by_chance"), 15);
    assert!(metrics["calibration_error_by_chance_before"].is_null(), "fifteen are too few: {metrics}");
    assert_eq!(metrics["started_from"], scoring::Model::shipped().version());
    let card = world.read("models/mine/CARD.md");
    assert!(card.contains("# Model mine") && card.contains("1200 records"), "{card}");
    world.must(&["dedupe", "--input", "orgs.csv", "--output", "again.csv", "--model", "models/mine"]);

    // A version is made once: not one byte of it changes.
    let made = world.read("models/mine/model.json");
    let said = world.refused(&train("models/mine", &[]));
    assert!(said.contains("models/mine holds a model: a version is made once"), "{said}");
    assert_eq!(world.read("models/mine/model.json"), made);

    // The same labels make the same model, but for its name.
    world.must(&train("models/other", &[]));
    assert_eq!(world.read("models/other/model.json").replace("\"other\"", "\"mine\""), made);

    let nothing: Value =
        serde_json::from_str(&world.must(&train("models/new", &["--from-nothing"]))).unwrap();
    assert!(nothing["started_from"].is_null() && nothing["contradicted_before"].is_null(), "{nothing}");
    let wrong = nothing["contradicted_after"].as_u64().unwrap();
    assert!(wrong < figure("contradicted_before"), "{nothing}");
    let said = world.refused(&train("models/next", &["--from-nothing", "--start", "models/mine"]));
    assert!(said.contains("cannot be used with"), "{said}");
    let next: Value =
        serde_json::from_str(&world.must(&train("models/next", &["--start", "models/mine"]))).unwrap();
    assert_eq!(next["started_from"], "mine");
}

#[test]
fn labels_that_cannot_be_right_are_refused_with_their_line() {
    let world = World::new(50, 12);
    let ids: Vec<String> = world
        .read("truth.csv")
        .lines()
        .skip(1)
        .take(3)
        .map(|row| row.split(',').next().unwrap().to_owned())
        .collect();
    let [a, b, c] = ids.as_slice() else { panic!("fifty organizations") };
    for (rows, wanted) in [
        (
            format!("{a},{b},1\nnobody,{c},0\n"),
            "labels.csv, line 3, field left_id: orgs.csv has no record `nobody`",
        ),
        (format!("{a},{a},1\n"), &*format!("line 2: {a} stands on both sides")),
        (
            format!("{a},{b},1\n{a},{c},0\n{b},{a},0\n"),
            &*format!("labels.csv, line 4: {b} and {a} are no match here and a match in line 2"),
        ),
        (format!("{a},{b},yes\n"), "field match: it is `yes`: use 1 or 0"),
        (format!("{a},{b}\n"), "line 2: it ends before the answer"),
        (String::new(), "there is nothing to learn from"),
    ] {
        world.write("labels.csv", &format!("left_id,right_id,match\n{rows}"));
        let said = world.refused(&train("models/mine", &[]));
        assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
        assert!(!world.path("models/mine/model.json").exists());
    }
    world.write("labels.csv", &format!("left_id,right_id,match\n{a},{b},0\nnobody,{c},0\n{a},{b},0\n"));
    let metrics: Value =
        serde_json::from_str(&world.must(&train("models/mine", &["--skip-unknown"]))).unwrap();
    assert_eq!(metrics["labelled_others"], 1, "a pair that is told twice counts once");
}

#[test]
fn two_sources_with_one_id_cannot_be_told_apart() {
    let world = World::new(10, 13);
    world.write("orgs.csv", "id,name,source\n1,One,a\n1,Two,b\n2,Three,a\n");
    world.write("labels.csv", "left_id,right_id,match\n2,1,1\n");
    let said = world.refused(&train("models/mine", &[]));
    assert!(
        said.contains("labels.csv, line 2: several sources of orgs.csv have the record 2 or 1"),
        "{said}"
    );
}
