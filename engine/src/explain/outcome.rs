//! The five outcomes in a sentence each, with the next step 下一步, and the note of a batch.

use super::fact;
use super::words::Voice;
use crate::domain::{ApplicantIx, BatchIx, Outcome, Restriction};

impl Voice<'_> {
    /// The outcome in a sentence.
    pub(super) fn outcome(&self, me: ApplicantIx, outcome: Outcome) -> String {
        let season = self.season;
        let policy = season.policy();
        match (outcome, self.zh()) {
            (Outcome::Placed { batch, position, school, category }, true) => format!(
                "已录取：{}，{}，{}第 {position} 志愿",
                season.school(school).name,
                self.category(category),
                policy.batch(batch).name
            ),
            (Outcome::Placed { batch, position, school, category }, false) => format!(
                "Admitted: {}, {}, wish {position} of {}",
                season.school(school).name,
                self.category(category),
                policy.batch(batch).name
            ),
            (Outcome::Adjusted { batch, school, category }, true) => format!(
                "已录取：{}，{}，{}服从调剂",
                season.school(school).name,
                self.category(category),
                policy.batch(batch).name
            ),
            (Outcome::Adjusted { batch, school, category }, false) => format!(
                "Admitted by adjustment: {}, {}, in {}",
                season.school(school).name,
                self.category(category),
                policy.batch(batch).name
            ),
            (Outcome::Unplaced, true) => "未录取：所填志愿都没有录取，原因见下".to_owned(),
            (Outcome::Unplaced, false) => {
                "Not admitted: none of the wishes was granted, for the reasons below".to_owned()
            }
            (Outcome::Barred, zh) => {
                let paper = season
                    .restrictions()
                    .find(|(a, kind, ..)| *a == me && *kind == Restriction::Barred)
                    .map(|(_, _, reason, document)| fact::paper(zh, reason, document))
                    .unwrap_or_default();
                if zh {
                    format!("未参加录取：已被取消录取资格{paper}")
                } else {
                    format!("Took no part: barred from admission{paper}")
                }
            }
            (Outcome::NoWishes, true) => "未参加录取：没有填报志愿".to_owned(),
            (Outcome::NoWishes, false) => "Took no part: no wishes were made".to_owned(),
        }
    }

    /// 下一步
    pub(super) fn next_step(&self, outcome: Outcome) -> String {
        let school = outcome.seat().map(|(_, _, s, _)| self.season.school(s).name.as_str());
        match (outcome, school.unwrap_or_default(), self.zh()) {
            (Outcome::Placed { .. } | Outcome::Adjusted { .. }, school, true) => {
                format!("下一步：按录取通知书的时间到{school}报到，学籍凭录取结果建立")
            }
            (Outcome::Placed { .. } | Outcome::Adjusted { .. }, school, false) => format!(
                "Next: report to {school} at the time given in the letter of admission; the registry \
                 record is opened from this result"
            ),
            (Outcome::Unplaced, _, true) => {
                "下一步：关注招办公布的缺额和征集志愿，或咨询招办；对结果有疑问可申请复核".to_owned()
            }
            (Outcome::Unplaced, _, false) => {
                "Next: watch for the vacancies and supplementary wishes that the admissions office \
                 announces, or ask it; a review can be requested"
                    .to_owned()
            }
            (Outcome::Barred, _, true) => {
                "下一步：如有异议，持证件和相关材料向招办申请复核".to_owned()
            }
            (Outcome::Barred, _, false) => {
                "Next: to object, ask the admissions office for a review with identity and papers"
                    .to_owned()
            }
            (Outcome::NoWishes, _, true) => {
                "下一步：如有征集志愿，请在规定时间内填报；或咨询招办".to_owned()
            }
            (Outcome::NoWishes, _, false) => {
                "Next: make wishes in time if there is a supplementary round, or ask the admissions office"
                    .to_owned()
            }
        }
    }

    /// What holds for a whole batch.
    pub(super) fn batch_note(
        &self,
        me: ApplicantIx,
        batch: BatchIx,
        outcome: Outcome,
    ) -> Option<String> {
        let season = self.season;
        let rule = season.policy().batch(batch);
        let ticked = season.wishes_in(me, batch).iter().any(|w| w.adjust);
        match (outcome, self.zh()) {
            (Outcome::Adjusted { batch: held, school, category }, zh) if held == batch => {
                let (school, category) = (&season.school(school).name, self.category(category));
                Some(if zh {
                    format!("各志愿都未录取，按服从调剂录取到{school}（{category}）")
                } else {
                    format!("no wish was granted; admitted by adjustment to {school} ({category})")
                })
            }
            (outcome, zh) if outcome.seat().is_some_and(|(held, ..)| held < batch) => {
                let earlier = outcome.seat().map(|(held, ..)| &season.policy().batch(held).name)?;
                Some(if zh {
                    format!("已在{earlier}录取，本批次志愿不再考虑")
                } else {
                    format!(
                        "already admitted in {earlier}; the wishes of this batch are not considered"
                    )
                })
            }
            (Outcome::Unplaced, zh) if ticked && !rule.adjustment.is_empty() => Some(if zh {
                "已勾选服从调剂，但轮到时没有符合条件的剩余名额".to_owned()
            } else {
                "adjustment was ticked, but no seat that may be held was left".to_owned()
            }),
            (outcome, zh)
                if !ticked
                    && !rule.adjustment.is_empty()
                    && outcome.seat().is_none_or(|(held, ..)| held > batch)
                    && outcome != Outcome::Barred =>
            {
                Some(if zh {
                    "没有勾选服从调剂，未参加剩余名额的调剂".to_owned()
                } else {
                    "adjustment was not ticked; took no part in it".to_owned()
                })
            }
            _ => None,
        }
    }
}
