//! The flags of `luqu whatif` as changes.

use super::{Amount, Change, WhatIfError};
use crate::domain::{Score, Share};

impl Change {
    /// Reads `S01:unified+20`, `S01:unified-5`, `S01:unified=300` or, with a batch, `S01:unified@key+20`; ids
    /// or names: `綦江中学:统招+20`.
    ///
    /// # Errors
    /// Any other form.
    pub fn seats(text: &str) -> Result<Self, WhatIfError> {
        let no = || WhatIfError::Unreadable {
            flag: "seats",
            text: text.to_owned(),
            expected: "应写成 学校:类别+20、-5 或 =300，代码或名称都可，如 S01:unified+20、綦江中学:统招@第一批=300",
        };
        let at = text.rfind(['+', '-', '=']).ok_or_else(no)?;
        let (target, amount) = text.split_at(at);
        let (sign, number) = amount.split_at(1);
        let number: u32 = whole(number).ok_or_else(no)?;
        let amount = match sign {
            "+" => Amount::By(i64::from(number)),
            "-" => Amount::By(-i64::from(number)),
            _ => Amount::To(number),
        };
        Self::seats_of(target, amount).ok_or_else(no)
    }

    /// A change of the line that `S01:unified` or `S01:unified@key` names.
    pub(super) fn seats_of(target: &str, amount: Amount) -> Option<Self> {
        let (school, rest) = target.rsplit_once([':', '：'])?;
        let (category, batch) = match rest.split_once('@') {
            Some((category, batch)) => (category, Some(batch.to_owned())),
            None => (rest, None),
        };
        if school.is_empty() || category.is_empty() || batch.as_deref() == Some("") {
            return None;
        }
        let (school, category) = (school.to_owned(), category.to_owned());
        Some(Self::Seats { school, category, batch, amount })
    }

    /// Reads `0.6` or `60%`.
    ///
    /// # Errors
    /// Anything that is not a share from 0 to 1.
    pub fn share(text: &str) -> Result<Self, WhatIfError> {
        let share: Result<Share, _> = text.trim().parse();
        share.map(Self::Share).map_err(|_| WhatIfError::Unreadable {
            flag: "share",
            text: text.to_owned(),
            expected: "应是 0 到 1 之间的比例，如 0.6 或 60%",
        })
    }

    /// Reads `-30` (every relative floor), `quota=-30` (that of one category) or `sports=380` (an announced
    /// floor).
    ///
    /// # Errors
    /// Any other form.
    pub fn floor(text: &str) -> Result<Self, WhatIfError> {
        let no = || WhatIfError::Unreadable {
            flag: "floor",
            text: text.to_owned(),
            expected: "应写成 -30（所有相对下限）、quota=-30（某类别的相对下限）或 sports=380（公布的下限）",
        };
        let points = |text: &str| text.parse::<Score>().map_err(|_| no());
        match text.trim().split_once('=') {
            None => {
                let minus = points(text.trim().strip_prefix('-').ok_or_else(no)?)?;
                Ok(Self::FloorMinus { category: None, minus })
            }
            Some(("", _)) => Err(no()),
            Some((category, amount)) => {
                let category = category.trim().to_owned();
                match amount.trim().strip_prefix('-') {
                    Some(minus) => {
                        Ok(Self::FloorMinus { category: Some(category), minus: points(minus)? })
                    }
                    None => Ok(Self::FloorAtLeast { category, total: points(amount.trim())? }),
                }
            }
        }
    }

    /// Reads `key=total,wish,lottery`: the keys as the policy file writes them. Commas inside brackets, as
    /// in `lines:[689,650]`, do not part keys.
    ///
    /// # Errors
    /// No batch or no keys. Keys that a policy may not have are refused when the change is made.
    pub fn priority(text: &str) -> Result<Self, WhatIfError> {
        let no = || WhatIfError::Unreadable {
            flag: "priority",
            text: text.to_owned(),
            expected: "应写成 批次=键,键,…，以 lottery 或 manual 结尾，如 key=total,wish,lottery",
        };
        let (batch, list) = text.split_once('=').ok_or_else(no)?;
        let mut depth = 0_u32;
        let keys: Vec<String> = list
            .split(|c: char| {
                match c {
                    '[' => depth += 1,
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                c == ',' && depth == 0
            })
            .map(|key| key.trim().to_owned())
            .collect();
        if batch.trim().is_empty() || keys.iter().any(String::is_empty) {
            return Err(no());
        }
        Ok(Self::Priority { batch: batch.trim().to_owned(), keys })
    }

    /// The change as a flag, to label a result with.
    pub fn label(&self) -> String {
        match self {
            Self::Seats { school, category, batch, amount } => {
                let batch = batch.as_ref().map(|b| format!("@{b}")).unwrap_or_default();
                let amount = match amount {
                    Amount::By(by) => format!("{by:+}"),
                    Amount::To(to) => format!("={to}"),
                };
                format!("{school}:{category}{batch}{amount}")
            }
            Self::Share(share) => format!("share {share}"),
            Self::FloorMinus { category: None, minus } => format!("floor -{minus}"),
            Self::FloorMinus { category: Some(category), minus } => {
                format!("floor {category}=-{minus}")
            }
            Self::FloorAtLeast { category, total } => format!("floor {category}={total}"),
            Self::Priority { batch, keys } => format!("priority {batch}={}", keys.join(",")),
            Self::Seed(_) => "seed".to_owned(),
        }
    }
}

/// A whole number in digits alone.
pub(super) fn whole(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
