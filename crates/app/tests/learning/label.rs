//! `label` on a file, its questions read and answered through pipes.

use crate::world::World;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

const LABEL: [&str; 5] = ["label", "--input", "orgs.csv", "--labels", "labels.csv"];

struct Sitting {
    child: Child,
    answers: ChildStdin,
    questions: BufReader<ChildStdout>,
}

/// A question as it was shown.
#[derive(Debug)]
struct Question {
    left: String,
    right: String,
    text: String,
}

impl Sitting {
    fn begin(world: &World, more: &[&str]) -> Self {
        let arguments: Vec<&str> = LABEL.into_iter().chain(more.iter().copied()).collect();
        let mut command = world.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (answers, questions) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, answers, questions: BufReader::new(questions) }
    }

    fn question(&mut self) -> Question {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert!(self.questions.read_line(&mut line).unwrap() > 0, "it ended: {text}");
            if line.starts_with("One organization?") {
                let pair = text.lines().rev().find_map(|line| line.strip_prefix("pair: ")).unwrap();
                let (left, right) = pair.split_once(' ').unwrap();
                return Question { left: left.into(), right: right.into(), text: text.clone() };
            }
            text.push_str(&line);
        }
    }

    fn say(&mut self, answer: &str) {
        writeln!(self.answers, "{answer}").unwrap();
    }

    /// Answers so many questions by the truth; the questions.
    fn answer(&mut self, world: &World, count: usize) -> Vec<Question> {
        let answer = |sitting: &mut Self| {
            let question = sitting.question();
            sitting.say(if world.is_match(&question.left, &question.right) { "y" } else { "n" });
            question
        };
        (0..count).map(|_| answer(self)).collect()
    }

    fn quit(mut self) -> String {
        self.say("q");
        drop(self.answers);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.questions, &mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

fn rows(world: &World) -> Vec<String> {
    world.read("labels.csv").lines().map(str::to_owned).collect()
}

#[test]
fn answers_are_kept_at_once_taken_back_and_gone_on_with() {
    let world = World::new(600, 21);
    let mut sitting = Sitting::begin(&world, &[]);
    let first = sitting.question();
    assert!(first.text.contains("answered 0: 0 matches, 0 others"), "{}", first.text);
    assert!(first.text.contains("weight ") && first.text.contains("name"), "{}", first.text);
    assert_eq!(rows(&world), ["left_id,right_id,match,verdict,asked"]);
    sitting.say("r");
    let second = sitting.question();
    // The next question is asked when the answer is safe.
    assert_eq!(rows(&world)[1..], [format!("{},{},0,related,chosen", first.left, first.right)]);
    sitting.say("u");
    let third = sitting.question();
    assert!(third.text.contains("answered 2: 0 matches, 1 others, 1 unsure"), "{}", third.text);
    sitting.say("maybe");
    assert!(sitting.question().text.contains("`maybe` means nothing here"));
    sitting.say("s");
    let fourth = sitting.question();
    assert_ne!((&fourth.left, &fourth.right), (&third.left, &third.right), "it was skipped");
    for wanted in [&third, &second, &first] {
        sitting.say("b");
        let again = sitting.question();
        assert_eq!((&again.left, &again.right), (&wanted.left, &wanted.right));
    }
    assert_eq!(rows(&world).len(), 1, "all is taken back");
    sitting.say("b");
    assert!(sitting.question().text.contains("there is nothing before this"));
    sitting.say("y");
    sitting.question();
    sitting.say("n");
    let waiting = sitting.question();
    // Killed: what was answered is there, and goes on where it ended.
    sitting.child.kill().unwrap();
    sitting.child.wait().unwrap();
    assert_eq!(rows(&world).len(), 3);
    let mut sitting = Sitting::begin(&world, &[]);
    let resumed = sitting.question();
    assert!(resumed.text.contains("answered 2: 1 matches, 1 others"), "{}", resumed.text);
    assert_eq!((&resumed.left, &resumed.right), (&waiting.left, &waiting.right));
    // Back into the sitting before.
    sitting.say("b");
    let again = sitting.question();
    assert_eq!((again.left, again.right), (second.left, second.right));
    assert_eq!(rows(&world).len(), 2);
    let said = sitting.quit();
    assert!(said.contains("1 answers: 1 matches"), "{said}");
    assert!(said.contains("orgloop train --input orgs.csv --labels labels.csv"), "{said}");
}

#[test]
fn questions_are_open_ones_one_in_ten_by_chance_and_the_model_moves() {
    let world = World::new(1200, 22);
    let probability: std::collections::HashMap<(String, String), f64> = world
        .pairs()
        .into_iter()
        .map(|(left, right, probability)| {
            (if left < right { (left, right) } else { (right, left) }, probability)
        })
        .collect();
    let mut sitting = Sitting::begin(&world, &[]);
    let questions = sitting.answer(&world, 30);
    let of = |question: &Question| {
        let (left, right) = (question.left.clone(), question.right.clone());
        probability[&if left < right { (left, right) } else { (right, left) }]
    };
    let labels = rows(&world);
    let by_chance: Vec<bool> = labels[1..].iter().map(|row| row.ends_with(",by_chance")).collect();
    assert!(by_chance.iter().enumerate().all(|(at, by_chance)| *by_chance == (at % 10 == 9)), "{labels:?}");
    let chosen = questions.iter().zip(&by_chance).filter(|(_, by_chance)| !**by_chance);
    let open = chosen.filter(|(question, _)| (0.1..0.9).contains(&of(question))).count();
    assert!(open >= 22, "{open} of 27 were open");
    let last = sitting.question();
    assert!(last.text.contains("the model learned from 30 answers"), "{}", last.text);
    sitting.say("t");
    assert!(sitting.question().text.contains("the model learned from 30 answers"));
    sitting.quit();

    // The same answers with other beliefs lead elsewhere: questions follow the model.
    world.write("labels.csv", &labels[..=20].join("\n"));
    let mut moved = Sitting::begin(&world, &[]);
    let follow: Vec<_> =
        moved.answer(&world, 5).into_iter().map(|question| (question.left, question.right)).collect();
    let before: Vec<_> = questions[20..25].iter().map(|q| (q.left.clone(), q.right.clone())).collect();
    assert_eq!(follow, before, "a sitting that is gone on with asks what it would have asked");
    moved.quit();
    let turned: Vec<String> = labels[1..=20]
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split(',').collect();
            format!("{},{},{},,{}", cells[0], cells[1], if cells[2] == "1" { "0" } else { "1" }, cells[4])
        })
        .collect();
    world.write("labels.csv", &format!("{}\n{}\n", labels[0], turned.join("\n")));
    let mut astray = Sitting::begin(&world, &[]);
    let other: Vec<_> =
        astray.answer(&world, 5).into_iter().map(|question| (question.left, question.right)).collect();
    assert_ne!(other, before);
    astray.quit();
}

#[test]
fn blind_shows_no_weight_and_what_is_labelled_elsewhere_is_not_asked() {
    let world = World::new(300, 23);
    let mut sitting = Sitting::begin(&world, &["--blind"]);
    let first = sitting.question();
    assert!(!first.text.contains("probability") && !first.text.contains("weight"), "{}", first.text);
    sitting.quit();
    world.write("labels.csv", &format!("left_id,right_id,match\n{},{},1\n", first.right, first.left));
    let mut sitting = Sitting::begin(&world, &["--blind"]);
    let second = sitting.question();
    assert_ne!((&first.left, &first.right), (&second.left, &second.right));
    sitting.quit();
    world.write("labels.csv", "left_id,right_id,match\nnobody,noone,1\n");
    let said = world.refused(&LABEL);
    assert!(said.contains("line 2, field left_id: orgs.csv has no record `nobody`"), "{said}");
}

#[test]
fn the_end_of_the_input_quits_and_everything_asked_ends_it() {
    let world = World::new(12, 24);
    world.write("orgs.csv", "id,name,city\n1,Harbor Food Pantry,Salem\n2,Harbor Food Pantry,Salem\n");
    let mut command = world.command(&LABEL);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success());
    let mut sitting = Sitting::begin(&world, &[]);
    sitting.question();
    sitting.say("y");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut sitting.questions, &mut rest).unwrap();
    assert!(rest.contains("There is no pair left to ask of."), "{rest}");
    assert!(sitting.child.wait().unwrap().success());
}
