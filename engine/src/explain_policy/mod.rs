//! What a policy means: its rules in plain words, and what they do to applicants.
//!
//! [`explain`] puts every rule of the file into sentences. [`judge`] decides three properties – is the truth
//! the best wish list, does nobody with a higher total envy, does a higher score never hurt – by theory
//! where it speaks, and by looking for the smallest market in which the real placement breaks them.

mod market;
mod search;
mod shrink;
mod story;
mod theory;
mod words;

use serde::Serialize;

use crate::policy::Policy;

pub use theory::Theory;
pub use words::{BatchWords, Explanation, explain};

/// The same thing said in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Said {
    /// In Chinese.
    pub zh: String,
    /// In English. Names that the policy file gives stay as they are.
    pub en: String,
}

impl Said {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// Something that one would like a policy to have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// Nobody gets a school they like better by a wish list that is not their true order; judged for those
    /// whose acceptable schools fit the list.
    StrategyProof,
    /// Nobody likes a school better than their own where someone with a lower total holds a seat that they
    /// wished for and could have held. Seats given by a special score do not count.
    EnvyFree,
    /// Nobody gets a school they like less because their own score is higher.
    RewardsScores,
}

impl Property {
    /// Every property, in the order of the report.
    pub const ALL: [Self; 3] = [Self::StrategyProof, Self::EnvyFree, Self::RewardsScores];

    /// The property as a sentence.
    pub fn words(self) -> Said {
        match self {
            Self::StrategyProof => Said::new(
                "如实填报最有利：想去的学校都填得下的考生，不能靠不按真实喜好填报录到更喜欢的学校",
                "strategy-proof: nobody whose acceptable schools fit the list gets a school they like better by not telling their true order",
            ),
            Self::EnvyFree => Said::new(
                "没有合理嫉妒：不会有总分更低的人占着他填报过、够条件、又比自己录取结果更喜欢的学校的名额（按专业分录取的名额除外）",
                "free of justified envy: nobody with a lower total holds a seat that someone wished for, could hold and likes better than their own (seats given by a special score aside)",
            ),
            Self::RewardsScores => Said::new(
                "多考不吃亏：志愿不变而自己的分数提高，录取结果不会变差",
                "rewards higher scores: with the same wishes, a higher score of one's own never leads to a worse school",
            ),
        }
    }
}

/// How much of the season is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One batch as if it were the only one.
    Batch,
    /// Batches one after another; whoever is admitted in one leaves.
    Season,
}

/// What was found out about a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Theory says so and the search found nothing against it.
    Holds,
    /// A market breaks it.
    Broken,
    /// Theory does not promise it, and the search found no market that breaks it.
    NotPromised,
}

/// A property of the policy, with the reason and the example.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// Which property.
    pub property: Property,
    /// In one batch, or over the whole season.
    pub scope: Scope,
    /// What was found out.
    pub answer: Answer,
    /// What theory says.
    pub theory: Theory,
    /// Why theory says so.
    pub reason: Said,
    /// How many markets were tried.
    pub markets: u32,
    /// The smallest market found that breaks it, told line by line.
    pub example: Vec<Said>,
}

/// Judges every property of the policy in one batch and, where there are several, over the season.
///
/// Deterministic. The search tries markets of two, then three, then four applicants at two or three schools
/// with one seat per class, all places computed by [`crate::placement::place`]; a find is then cut down for as
/// long as it stays one.
pub fn judge(policy: &Policy) -> Vec<Verdict> {
    let several = policy.batches.len() > 1;
    let scopes: &[Scope] = if several { &[Scope::Batch, Scope::Season] } else { &[Scope::Batch] };
    let mut verdicts = Vec::new();
    for &scope in scopes {
        let found = search::search(policy, scope);
        for (property, found) in Property::ALL.into_iter().zip(found) {
            let (theory, reason) = theory::say(policy, property, scope);
            let example = found.witness.map(|w| story::tell(policy, &w)).unwrap_or_default();
            let answer = match (example.is_empty(), theory) {
                (false, _) => Answer::Broken,
                (true, Theory::Holds) => Answer::Holds,
                (true, Theory::NotPromised) => Answer::NotPromised,
            };
            let markets = found.markets;
            verdicts.push(Verdict { property, scope, answer, theory, reason, markets, example });
        }
    }
    verdicts
}
