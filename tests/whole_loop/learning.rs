//! People answer questions about the running loop, and what they judged makes the next model.

use crate::backend::Ports;
use crate::deployment::Deployment;
use entity::{CandidatePair, Judgement, JudgementVerdict};
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::process::Stdio;
use store::review::{ReasonedJudgement, Teach};

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";

#[tokio::test(flavor = "multi_thread")]
async fn answers_become_judgements_and_judgements_a_model_embedded() {
    answers_become_a_model(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_become_judgements_and_judgements_a_model_on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await {
        answers_become_a_model(deployment).await;
    }
}

/// Gives these answers, one a line; what was said.
fn answer(deployment: &Deployment, answers: &str) -> String {
    let mut command = deployment.command(&["label", "--from-loop", "--by", "ana"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The pairs that were asked of, in order.
fn asked(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.strip_prefix("pair: ")).collect()
}

/// The scored pair that a question was about.
async fn pair_of(deployment: &Deployment, question: &str) -> CandidatePair {
    let (resolution, (organizations, _)) =
        (deployment.backend.resolution().await, deployment.backend.organizations().await);
    let pairs = resolution.scan_pairs(None, 100_000).await.unwrap();
    let ids: Vec<_> = pairs.iter().flat_map(|scored| [scored.pair.left(), scored.pair.right()]).collect();
    let records = organizations.family(&ids).await.unwrap().records;
    let named: HashMap<_, _> = records.iter().map(|record| (record.id, record.source_id.as_str())).collect();
    let (one, other) = question.split_once(' ').unwrap();
    let found = pairs.iter().map(|scored| scored.pair).find(|pair| {
        let told = (named[&pair.left()], named[&pair.right()]);
        told == (one, other) || told == (other, one)
    });
    found.unwrap_or_else(|| panic!("no scored pair is {question}"))
}

/// A yes from which models are not to learn.
fn untaught(pair: CandidatePair) -> ReasonedJudgement {
    let judgement = Judgement {
        pair,
        verdict: JudgementVerdict::Match,
        judged_by: "ben".into(),
        judged_at: entity::clock::now(),
        reason: None,
    };
    ReasonedJudgement { judgement, codes: Vec::new(), relation: None, teach: Teach::No }
}

async fn answers_become_a_model(deployment: Deployment) {
    let sample = deployment.sample(300, 61);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let resolution = deployment.backend.resolution().await;

    let said = answer(&deployment, "y\nn\nr\nu\nb\nb\nn\nq\n");
    assert!(said.contains("3 answers: 1 matches, 2 others, 0 unsure"), "{said}");
    let pairs = asked(&said);
    assert_eq!((pairs[5], pairs[6]), (pairs[3], pairs[2]), "back is the question before: {said}");
    let judged = resolution.judgements(0, 100).await.unwrap();
    let verdicts: Vec<_> = judged.iter().map(|(_, judgement)| judgement.verdict).collect();
    use entity::JudgementVerdict::{Match, NonMatch};
    assert_eq!(verdicts, [Match, NonMatch, NonMatch], "what was taken back does not hold");
    assert!(judged.iter().all(|(_, judgement)| judgement.judged_by == "ana"));

    // What models are not to learn from is no answer here, and no question either.
    let silent = untaught(pair_of(&deployment, pairs[3]).await);
    resolution.judge_pair(&silent).await.unwrap();

    // Another sitting goes on: what is judged is not asked again, by whomever.
    let said = answer(&deployment, &"y\n".repeat(30));
    assert!(said.contains("answered 3 (3 of them judged before): 1 matches, 2 others"), "{said}");
    let again = asked(&said);
    assert!(pairs[..4].iter().all(|pair| !again.contains(pair)), "{said}");
    assert_eq!(resolution.judgements(0, 100).await.unwrap().len(), 34);

    let train = ["train", "--from-judgements", "--json", "--model", "learned"];
    let metrics: Value = serde_json::from_str(&deployment.must(&train)).unwrap();
    assert_eq!(
        (&metrics["labelled_matches"], &metrics["labelled_others"]),
        (&31.into(), &2.into()),
        "{metrics}"
    );
    let (before, after) = (metrics["contradicted_before"].as_u64(), metrics["contradicted_after"].as_u64());
    assert!(after < before, "{metrics}");
    deployment.must(&["model", "stage", "learned"]);
    deployment.until_said(&["model", "list", "--json"], |said| {
        let rows: Value = serde_json::from_str(said).unwrap();
        rows[1]["waiting"].is_null() && rows[1]["records"] == rows[0]["records"]
    });
    let comparison: Value =
        serde_json::from_str(&deployment.must(&["model", "compare", "learned", "--json"])).unwrap();
    assert_eq!(comparison["judgements"], 33);
    let violated = |by: &str| comparison[by].as_array().unwrap().len();
    assert!(violated("violated_by_staged") < violated("violated_by_live"), "{comparison}");
    deployment.end().await;
}
