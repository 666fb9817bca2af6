//! What was said of pairs, with whether it holds and, of a no that does not, what has changed since.

use chrono::{DateTime, Utc};
use entity::{JudgementVerdict, ReasonCode, Relation};
use scoring::comparison::COMPARISONS;
use serde::Serialize;
use store::review::{PairJudgement, Standing, Teach};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody said of two records.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PairJudgement)]
pub(super) struct SaidView {
    /// The lower id.
    pub(super) left: Uuid,
    /// The higher id.
    pub(super) right: Uuid,
    /// What was said.
    #[schema(value_type = super::views::VerdictName)]
    pub(super) verdict: JudgementVerdict,
    /// For related: how.
    #[schema(value_type = Option<super::views::RelationName>)]
    pub(super) relation: Option<Relation>,
    /// Why, from the list.
    #[schema(value_type = Vec<super::views::ReasonName>)]
    pub(super) reason_codes: Vec<ReasonCode>,
    /// Why, in the judge's words.
    pub(super) reason: Option<String>,
    /// By whom.
    pub(super) judged_by: String,
    /// When.
    pub(super) judged_at: DateTime<Utc>,
    /// Whether models may learn from it.
    pub(super) teach: bool,
    /// `holds`, `reopened` (a no whose evidence has changed since), `superseded` or `withdrawn`.
    pub(super) standing: String,
    /// What has changed since a no that was reopened.
    pub(super) changed: Vec<ChangeView>,
    /// The decision that it came from.
    pub(super) decision_id: Option<Uuid>,
}

/// A comparison that comes out otherwise than when the pair was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidenceChange)]
pub(super) struct ChangeView {
    /// Such as `phone`.
    pub(super) comparison: String,
    /// How it came out when the pair was judged; absent when nothing spoke for the pair.
    pub(super) was: Option<String>,
    /// How it comes out now.
    pub(super) is: String,
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Reopened => "reopened",
        Standing::Superseded => "superseded",
        Standing::Withdrawn => "withdrawn",
    }
}

impl From<PairJudgement> for SaidView {
    fn from(said: PairJudgement) -> Self {
        let changed = if said.standing == Standing::Reopened { changes(&said) } else { Vec::new() };
        let reasoned = said.reasoned;
        Self {
            left: reasoned.judgement.pair.left().0,
            right: reasoned.judgement.pair.right().0,
            verdict: reasoned.judgement.verdict,
            relation: reasoned.relation,
            reason_codes: reasoned.codes,
            reason: reasoned.judgement.reason,
            judged_by: reasoned.judgement.judged_by,
            judged_at: reasoned.judgement.judged_at,
            teach: reasoned.teach == Teach::Yes,
            standing: word(said.standing).to_owned(),
            changed,
            decision_id: said.decision_id,
        }
    }
}

/// The comparisons that came out otherwise; of a pair for which nothing spoke, those that come out at all.
fn changes(said: &PairJudgement) -> Vec<ChangeView> {
    let Some(now) = &said.levels_now else { return Vec::new() };
    let was = said.evidence.as_ref().and_then(|evidence| evidence.pair.as_ref()).map(|pair| &pair.levels);
    let level = |at: usize, code: u8| COMPARISONS[at].levels.get(usize::from(code)).copied().unwrap_or("?");
    let mut changes = Vec::new();
    for (at, now) in now.iter().enumerate().take(COMPARISONS.len()) {
        let before = was.and_then(|levels| levels.get(at)).copied();
        // Level 0 is that one side does not tell.
        if before == Some(*now) || (before.is_none() && *now == 0) {
            continue;
        }
        changes.push(ChangeView {
            comparison: COMPARISONS[at].name.to_owned(),
            was: before.map(|code| level(at, code).to_owned()),
            is: level(at, *now).to_owned(),
        });
    }
    changes
}
