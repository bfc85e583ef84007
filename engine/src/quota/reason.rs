//! Why a cell got its last seat, or a junior school its total: one sentence in Chinese each.

use super::matrix::Why;
use super::{Beds, Cell, Ground, JuniorTotal};

impl Cell {
    /// Why the cell has its seats and no more.
    pub fn reason(&self) -> String {
        match &self.ground {
            Ground::Kept => "招生计划和指标分配表已给定，照用".to_owned(),
            Ground::Edited { was, reason, document } => {
                let was = was.map(|was| format!("原 {was}，")).unwrap_or_default();
                format!("手工调整：{was}改为 {}；{reason}（{document}）", self.seats)
            }
            Ground::Drawn(numbers) if numbers.is_empty() => "抽签未抽中".to_owned(),
            Ground::Drawn(numbers) => {
                let last = numbers.last().copied().unwrap_or_default();
                format!("抽签共抽中 {} 次，末席为第 {last} 签", numbers.len())
            }
            Ground::Rounded(why) => {
                let rest = self.ideal.remainder().to_string();
                match self.beds {
                    None => sentence(*why, &rest, "本校", "各初中合计取整的限制"),
                    Some(beds) if !beds.short() => {
                        sentence(*why, &rest, "本校", "各初中合计取整和住宿床位的限制")
                    }
                    Some(Beds { places, due }) => format!(
                        "住宿床位 {places} 个，寄宿初中按比例应得 {due}，按床位分，其余归走读初中；{}",
                        sentence(*why, &rest, "本校同类初中", "各初中合计取整的限制")
                    ),
                }
            }
        }
    }
}

impl JuniorTotal {
    /// Why the junior school has its total.
    pub fn reason(&self) -> String {
        let why = self.why_rounded();
        match self.due {
            Some(due) => format!("{why}（床位不限时理想值为 {due}）"),
            None => why,
        }
    }

    fn why_rounded(&self) -> String {
        if self.edited {
            return "各高中分得之和，其中有手工调整".to_owned();
        }
        let Some(why) = self.why else {
            let side = if self.ideal.is_whole() && u128::from(self.seats) == self.ideal.floor() {
                "等于理想值"
            } else if u128::from(self.seats) > self.ideal.ceil() {
                "按每校至少的名额补足"
            } else if u128::from(self.seats) > self.ideal.floor() {
                "取理想值的上整"
            } else {
                "取理想值的下整"
            };
            return format!("各高中分得之和，{side}");
        };
        let first = match self.tilt {
            0 => String::new(),
            n => format!("倾斜先得 {n} 席；"),
        };
        let rest = self.ideal.remainder().to_string();
        format!("{first}{}", sentence(why, &rest, "各初中", "名额总数的限制"))
    }
}

/// `whose` ranks the remainders; `limit` is what can override the ranks.
fn sentence(why: Why, remainder: &str, whose: &str, limit: &str) -> String {
    let drawn = |lot: bool| if lot { "（与同余数者按随机号定先后）" } else { "" };
    match why {
        Why::Whole => "理想值为整数，不需进位".to_owned(),
        Why::Least => "按每校至少的名额补足".to_owned(),
        Why::Up { rank, of, lot } => format!(
            "余数 {remainder}，在{whose}余数中排第 {rank}，进位名额 {of} 个，末席由进位得到{}",
            drawn(lot)
        ),
        Why::UpForTotal { rank, of } => format!(
            "余数 {remainder}，在{whose}余数中排第 {rank}，进位名额 {of} 个；因{limit}，由它进位全表偏差最小，末席由此得到"
        ),
        Why::Down { rank, of, lot } => format!(
            "余数 {remainder}，在{whose}余数中排第 {rank}，进位名额 {of} 个，不进位{}",
            drawn(lot)
        ),
        Why::DownForTotal { rank, of } => format!(
            "余数 {remainder}，在{whose}余数中排第 {rank}，进位名额 {of} 个；因{limit}，它不进位全表偏差最小"
        ),
    }
}
